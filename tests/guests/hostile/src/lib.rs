//! A connector that misbehaves in the way its parameter `mode` says, one module a family. What the host answers is passed
//! on word for word as a failure of kind `rejected`, so that a test reads it.

mod credentials;
mod doors;
mod fetch;
mod growth;
mod lies;
mod network;
mod prepared;
mod smtp;

use std::fmt::Debug;

use relais_sdk::streams::InputStream;
use relais_sdk::{Failure, Findings, MailConnector, Message, Receipt, kind};
use serde::Deserialize;

/// The parameters of the manifest.
#[derive(Debug, Deserialize)]
struct Settings {
    mode: String,
    host: String,
    port: u16,
    url: Option<String>,
    other_url: Option<String>,
    credential: Option<String>,
    aim_host: Option<String>,
    aim_port: Option<u16>,
}

/// The connector, with what it kept of an earlier call.
#[derive(Debug)]
pub struct Hostile {
    settings: Settings,
    kept: Option<(Message, InputStream)>,
    upload: Option<fetch::Upload>,
}

/// What an attack comes to.
type Outcome = Result<Receipt, Failure>;

impl MailConnector for Hostile {
    fn open() -> Result<Self, Failure> {
        Ok(Self {
            settings: relais_sdk::parameters()?,
            kept: None,
            upload: None,
        })
    }

    fn verify(&mut self) -> Result<Findings, Failure> {
        Err(told("every attack is made by a send"))
    }

    fn send(&mut self, message: Message) -> Outcome {
        let settings = &self.settings;
        match settings.mode.as_str() {
            "loop" => growth::endless_loop(),
            "sleep" => growth::sleep(),
            "memory" => growth::memory(),
            "recursion" => growth::recursion(),
            "log-line" => growth::huge_log_line(),
            "header" => growth::huge_header(settings, 100 << 20),
            "large-header" => growth::huge_header(settings, 128 << 10),
            "million-strings" => growth::million_strings(),
            "log-flood" => growth::log_flood(),
            "print-flood" => growth::print_flood(),
            "connections" => growth::connections(settings),
            "leaves-bodies" => growth::bodies_left_behind(settings),
            "heads" => growth::heads(settings),
            "leaves-fetches" => growth::fetches_left_open(settings),
            "long-hosts" => growth::long_hosts(),
            "streams" => growth::streams(&message),
            "refusals" => growth::refusals(),

            "connect" => network::connect(settings),
            "wasi-connect" => network::connect_by_wasi(settings),
            "wasi-file" => network::read_a_file(),
            "get" => network::get(settings),

            "handle-ehlo" => credentials::in_greeting(settings),
            "handle-mail" => credentials::in_mail(settings),
            "handle-rcpt" => credentials::in_rcpt(settings),
            "handle-data" => credentials::in_data(settings),
            "handle-in-bytes" => credentials::byte_by_byte(settings),
            "handle-the-rest-twice" => credentials::the_rest_twice(settings),
            "handle-key-header" => credentials::in_its_own_header(settings),
            "handle-undeclared-header" => credentials::in_another_header(settings),
            "handle-part-of-header" => credentials::in_a_part_of_a_header(settings),
            "handle-header-name" => credentials::as_a_header_name(settings),
            "handle-method" => credentials::as_a_method(settings),
            "handle-trace" => credentials::by_trace(settings),
            "handle-url" => credentials::in_a_url(settings),
            "handle-body" => credentials::in_a_body(settings),
            "handle-cut-body" => credentials::across_pieces_of_a_body(settings),
            "handle-other-host" => credentials::towards_another_host(settings),
            "handle-fetch" => credentials::by_fetch(settings),
            "handle-redirect" => credentials::along_a_redirect(settings),
            "handle-again" => credentials::again_after_a_refusal(settings),
            "describe" => credentials::described(settings),
            "crlf-header" => credentials::crlf_in_a_header(settings),
            "auth-in-clear" => credentials::login_first(settings),
            "auth-in-data" => credentials::login_in_data(settings),
            "auth-after-data" => credentials::login_after_data(settings, &message),

            "door-splice" => doors::splice(settings, &message),
            "door-write" => doors::write(settings, &message),
            "door-write-bytes" => doors::write_bytes(settings, &message),
            "door-read-then-splice" => doors::read_then_splice(settings, &message),
            "door-splice-a-part" => doors::splice_a_part(settings, &message),
            "door-splice-raw" => doors::splice_raw(settings, &message),
            "door-post-the-stream" => doors::post_the_stream(settings, &message),
            "door-post-a-part" => doors::post_a_part(settings, &message),
            "door-post-words" => doors::post_words(settings, &message),
            "door-url" => doors::in_the_url(settings, &message),
            "door-fetch" => doors::fetch(settings, &message),
            "door-turned-down" => doors::turned_down(settings, &message),
            "door-goes-on" => doors::goes_on(settings, &message),
            "door-two-at-once" => doors::two_at_once(settings, &message),
            "leaves-a-request" => self.leave_a_request(&message),

            "prepares-and-fails" => prepared::and_fails(settings, &message),
            "prepares-the-whole-and-fails" => prepared::the_whole_and_fails(settings, &message),
            "prepares-and-panics" => prepared::and_panics(settings, &message),
            "prepares-and-boasts" => prepared::and_boasts(settings, &message),
            "prepares-and-sends" => prepared::and_sends(settings, &message),
            "prepares-sends-and-withdraws" => prepared::sends_and_withdraws(settings, &message),
            "prepares-sends-and-withdraws-another" => prepared::sends_and_withdraws_another(settings, &message),
            "prepares-sends-and-hears-of-the-draft" => prepared::sends_and_hears_of_the_draft(settings, &message),
            "puts-the-ranges-together" => prepared::puts_ranges_together(settings, &message),
            "posts-a-range-of-the-whole" => prepared::posts_a_range_of_the_whole(settings, &message),
            "reads-streams-apart" => prepared::reads_streams_apart(settings, &message),

            "says-temporary" => lies::says_temporary(settings, &message),
            "invents-a-code" => lies::invents_a_code(settings, &message),
            "takes-success-for-a-refusal" => lies::takes_success_for_a_refusal(settings, &message),
            "takes-one-recipient-for-all" => lies::takes_one_recipient_for_all(settings, &message),
            "sends-what-it-read" => lies::sends_what_it_read(settings, &message),
            "sends-nothing" => lies::sends_nothing(),
            "panics-after" => lies::panics_after(settings, &message),
            "panics-before" => lies::panics(),
            "refuses-a-stranger" => lies::refuses(settings, &message, &["stranger@elsewhere.example"]),
            "refuses-the-first" => lies::refuses_the_first(settings, &message),
            "refuses-twice" => lies::refuses_the_first_twice(settings, &message),
            "refuses-everyone" => lies::refuses_everyone(settings, &message),
            "huge-answer" => lies::huge_answer(settings, &message),
            "keeps-the-stream" => self.keep_and_read(message),
            "keeps-the-message" => self.keep_and_ask(message),
            other => Err(Failure::new(
                kind::CONFIGURATION,
                format!("no attack is called `{other}`"),
            )),
        }
    }
}

/// What the host answered, word for word.
fn told(answer: impl Debug) -> Failure {
    Failure::new(kind::REJECTED, format!("{answer:?}"))
}

relais_sdk::export_mail_connector!(Hostile);
