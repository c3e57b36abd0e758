// A mail connector in JavaScript, written from the contract in `wit/` alone: each mail is one POST of JSON, by `fetch`.
//
// The API's key never comes in here. The host gives a handle, which stands for the key in one header of the way out. Unlike the
// connector in Python beside it, this one holds a whole request: `fetch` takes no stream of the host, so the attachments of a
// mail may have 1 MB together. Whoever needs more uses `relais:connector/http`, where they stay out.

import { handle } from "relais:connector/credentials@0.1.0";
import { write as log } from "relais:connector/log@0.1.0";
import { json as parameters } from "relais:connector/parameters@0.1.0";

/** Bytes of all attachments of a mail together, before base64. */
const ATTACHMENT_BYTES = 1_000_000n;
/** Bytes asked of a stream at once. */
const BLOCK_BYTES = 64 * 1024;
/** Bytes read of an answer; the rest is not looked at. */
const ANSWER_BYTES = 64 * 1024;
/** Characters repeated of a server's words. */
const TEXT_CHARS = 500;

class Failed extends Error {
  constructor(kind, text, { code, retryAfter } = {}) {
    super(text);
    this.payload = { kind, code, text, retryAfter, details: [] };
  }
}

/** Whatever goes wrong inside becomes a failure: an exception that leaves an export is a trap, and tells nobody why. */
function exported(name, body) {
  return async (...given) => {
    try {
      return await body(...given);
    } catch (error) {
      if (error instanceof Failed) throw error;
      throw new Failed("other", `${name}: ${reason(error)}`);
    }
  };
}

export const session = {
  open: exported("open", () => {
    address("/");
    key();
  }),
  verify: exported("verify", async () => {
    const response = await exchange("GET", "/health");
    const answer = await read(response);
    if (response.status !== 200) throw refusal(response, answer);
    return [
      ["endpoint", address("")],
      ["status", String(response.status)],
      ["server", words(answer, "server")],
    ];
  }),
  /** Nothing is kept open here: connections are the host's. */
  close() {},
};

export const sender = {
  send: exported("send", async (message) => {
    const response = await exchange("POST", "/messages", JSON.stringify(composed(message)));
    const answer = await read(response);
    log("info", `POST /messages: ${response.status}`);
    if (response.status !== 202) throw refusal(response, answer);
    return { id: words(answer, "id") || undefined, text: "202 accepted", refused: [], details: [] };
  }),
};

/** The mail as the API takes it. The message goes back to the host here, and not when the collector gets to it. */
function composed(message) {
  return lent(message, () => ({
    message_id: message.id(),
    from: mailbox(message.from()),
    reply_to: message.replyTo().map(mailbox),
    ...lists(message),
    subject: message.subject(),
    text: message.text() ?? null,
    html: message.html() ?? null,
    attachments: attached(message),
  }));
}

/** Uses a resource of the host, and gives it back. */
function lent(resource, use) {
  try {
    return use(resource);
  } finally {
    resource[Symbol.dispose ?? Symbol.for("dispose")]();
  }
}

/**
 * To, Cc and Bcc for an API that reads its recipients from them: together exactly the envelope, which alone decides who
 * receives. It holds fewer than the header where a mail is sent again for those who did not get it.
 */
function lists(message) {
  const pending = new Set(message.envelope().recipients);
  const taken = (entries) => entries.filter(({ email }) => pending.delete(email)).map(mailbox);
  const to = taken(message.to());
  const cc = taken(message.cc());
  return { to, cc, bcc: [...pending].map((email) => ({ name: null, email })) };
}

const mailbox = ({ name, email }) => ({ name: name ?? null, email });

function attached(message) {
  const attachments = message.attachments();
  const bytes = attachments.reduce((sum, attachment) => sum + attachment.size(), 0n);
  if (bytes > ATTACHMENT_BYTES) {
    throw new Failed(
      "too-large",
      `the attachments have ${bytes} bytes together; this connector holds a mail in memory and takes ${ATTACHMENT_BYTES}`,
    );
  }
  return attachments.map((attachment) =>
    lent(attachment, () => ({
      name: attachment.name() ?? null,
      type: attachment.contentType(),
      content_id: attachment.contentId() ?? null,
      content: lent(attachment.base64(), ascii),
    })),
  );
}

function ascii(stream) {
  const decoder = new TextDecoder();
  let text = "";
  for (let block; (block = stream.read(BLOCK_BYTES)) !== undefined; ) text += decoder.decode(block, { stream: true });
  return text;
}

function address(path) {
  const { endpoint } = JSON.parse(parameters());
  if (endpoint.includes("?")) {
    throw new Failed("configuration", "endpoint: give the address of the API without `?` and what follows it.");
  }
  return endpoint.replace(/\/+$/, "") + path;
}

/** The handle that stands for the API's key; the same one for the whole session. */
function key() {
  try {
    return handle("key");
  } catch (error) {
    throw new Failed("configuration", `api_key: the key cannot be used: ${reason(error)}`);
  }
}

async function exchange(method, path, body) {
  const headers = { accept: "application/json", "x-api-key": key() };
  if (body !== undefined) headers["content-type"] = "application/json";
  try {
    return await fetch(address(path), { method, headers, body, redirect: "manual" });
  } catch (error) {
    if (error instanceof Failed) throw error;
    const why = "the server is not there, its certificate is not trusted, or the host refused: then its log says why";
    throw new Failed("unreachable", `${method} ${path}: no answer, and \`fetch\` does not tell which: ${why} (${reason(error)})`);
  }
}

/** The answer's body. One that breaks off changes nothing about the status that came before it. */
async function read(response) {
  const decoder = new TextDecoder();
  let text = "";
  try {
    const reader = response.body.getReader();
    for (let left = ANSWER_BYTES; left > 0; ) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += decoder.decode(value.subarray(0, left), { stream: true });
      left -= value.length;
    }
    await reader.cancel();
  } catch {
    // What came is what there is.
  }
  return text;
}

/** A member of a JSON answer, as text; nothing where the answer is something else. */
function words(answer, member) {
  try {
    return String(JSON.parse(answer)[member] ?? "").slice(0, TEXT_CHARS);
  } catch {
    return "";
  }
}

/** The failure that an answer means. Its code is the server's own status. */
function refusal({ status, headers }, answer) {
  const said = words(answer, "error") || answer.slice(0, TEXT_CHARS).trim() || "the server gave no reason";
  const failed = (kind, text = said, retryAfter) => new Failed(kind, text, { code: String(status), retryAfter });
  if (status >= 300 && status < 400) {
    const place = (headers.get("location") ?? "nowhere").slice(0, TEXT_CHARS);
    return failed("configuration", `endpoint: the server points to ${place}, which is not followed`);
  }
  switch (status) {
    case 401:
    case 403:
      return failed("authentication");
    case 404:
    case 405:
      return failed("configuration", `endpoint: no such API is there: ${said}`);
    case 408:
      return failed("temporary");
    case 413:
      return failed("too-large");
    case 429:
    case 503:
      return failed("throttled", said, seconds(headers.get("retry-after") ?? ""));
    case 502:
    case 504:
      // A gateway that lost sight of the API: the API may have taken the mail.
      return failed("unknown-outcome");
  }
  if (status >= 500) return failed("temporary");
  if (status >= 400) return failed("rejected");
  return failed("unknown-outcome", `the API answers 202 to what it takes, and not: ${said}`);
}

/** Retry-After (RFC 9110 section 10.2.3) as seconds; its other form, a date, is left to the host's own pace. */
function seconds(retryAfter) {
  return /^\d{1,10}$/.test(retryAfter.trim()) ? Math.min(Number(retryAfter), 2 ** 32 - 1) : undefined;
}

/** Why something failed: an `Error`, or the error of an import, a variant. */
function reason(error) {
  const { payload } = error;
  if (payload === undefined) return String(error);
  return String(payload.val ?? payload.tag ?? payload);
}
