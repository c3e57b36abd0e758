// Tries, by `fetch`, to place a credential's handle where it may not stand. The subject of the mail names the place.

import { handle } from "relais:connector/credentials@0.1.0";
import { json as parameters } from "relais:connector/parameters@0.1.0";

/** Each place: where the request goes, its header fields, its body. */
const PLACES = {
  "right place": (place, key) => [place.endpoint, { "x-api-key": key }],
  body: (place, key) => [place.endpoint, { "x-api-key": key }, `before ${key} after`],
  "body in pieces": (place, key) => [place.endpoint, { "x-api-key": key }, pieces("before ", key, " after")],
  url: (place, key) => [`${place.endpoint}/messages?${key}`],
  "another header": (place, key) => [place.endpoint, { "x-other": key }],
  "name of a header": (place, key) => [place.endpoint, { [key]: "x" }],
  "part of its header": (place, key) => [place.endpoint, { "x-api-key": `key ${key}` }],
  "another origin": (place, key) => [place.other, { "x-api-key": key }],
};

/** A body that leaves in pieces of seven characters, so that no piece holds the handle. */
function pieces(...texts) {
  const left = texts.join("").match(/.{1,7}/gs);
  return new ReadableStream({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  });
}

function failure(text, code) {
  return Object.assign(new Error(text), { payload: { kind: "other", code, text, retryAfter: undefined, details: [] } });
}

export const session = {
  open() {},
  verify: () => [],
  close() {},
};

export const sender = {
  async send(message) {
    let answered;
    try {
      const [url, headers, body] = PLACES[message.subject()](JSON.parse(parameters()), handle("key"));
      answered = await fetch(url, { method: "POST", headers, body, duplex: "half" });
    } catch (error) {
      throw failure(`${error} ${error.payload?.tag ?? ""}`);
    }
    throw failure("answered", String(answered.status));
  },
};
