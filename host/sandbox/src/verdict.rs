//! What the host believes of a guest's answer.
//!
//! The threat is a mail sent twice, or lost without a word. Once the message may have left whole, only what the remote itself
//! said can mean that it was not taken; everything else is unknown.

use std::collections::BTreeSet;
use std::time::Duration;

use relais_manifest::Recipients;
use relais_message::Envelope;

use crate::bindings::exports::relais::mail::sender::{Receipt as GuestReceipt, Refusal as GuestRefusal};
use crate::bindings::relais::connector::failures::Failure as GuestFailure;
use crate::context::Context;
use crate::failure::{clean, cleaned};
use crate::{AccountFault, Failure, Kind, ProxyError, Receipt, Refusal, way_out};

/// Bytes of a code, a name or a value of a guest's.
const SHORT_BYTES: usize = 1024;
/// The longest pause that a connector can ask for.
const RETRY_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);

/// Reads a guest's failure, bounded.
pub(crate) fn read(failure: GuestFailure) -> Failure {
    let retry_after = failure
        .retry_after
        .map(|seconds| Duration::from_secs(u64::from(seconds)).min(RETRY_AFTER));
    Failure {
        kind: Kind::read(&failure.kind),
        code: failure
            .code
            .map(|code| cleaned(code, SHORT_BYTES))
            .filter(|code| !code.is_empty() && !way_out::is_code(code)),
        text: cleaned(failure.text, Failure::TEXT_BYTES),
        retry_after,
        details: pairs(failure.details)
            .into_iter()
            .filter(|(name, _)| !is_the_hosts(name))
            .collect(),
        account: None,
        way_out: None,
    }
}

/// A failure that the guest reports, explained by what the host itself knows of the call: an account that gave no token, or a proxy
/// that let nothing out. Only where the message has not left, and where the remote said nothing that explains it better.
pub(crate) fn explained(failure: Failure, context: &Context) -> Failure {
    if failure.code.is_some() || context.floor.may_have_left() {
        return failure;
    }
    let claimed = failure.kind;
    let explained = match (context.accounts.failed(), context.way_out.failed()) {
        (Some(fault), _) => by_account(failure, fault),
        (None, Some(fault)) => by_way_out(failure, fault),
        (None, None) => return failure,
    };
    match claimed == explained.kind {
        true => explained,
        false => explained.with_detail("claimed", claimed.word()),
    }
}

fn by_account(failure: Failure, fault: AccountFault) -> Failure {
    let kind = match &fault {
        AccountFault::NotAssociated(_) | AccountFault::WayOut(_) => Kind::Configuration,
        AccountFault::Reconnect(_) => Kind::Authentication,
        AccountFault::Unavailable { .. } => Kind::Unreachable,
    };
    Failure {
        kind,
        code: matches!(fault, AccountFault::WayOut(_)).then(|| way_out::CODE.to_owned()),
        text: clean(fault.text(), Failure::TEXT_BYTES),
        retry_after: fault.retry_after().map(|pause| pause.min(RETRY_AFTER)),
        account: Some(Box::new(fault)),
        ..failure
    }
}

/// A proxy that refuses has to be set otherwise, or Relais has. One that is down, or that cannot reach the destination, may do so by
/// itself.
fn by_way_out(failure: Failure, fault: ProxyError) -> Failure {
    let kind = match fault.fault.refuses() {
        true => Kind::Configuration,
        false => Kind::Unreachable,
    };
    Failure {
        kind,
        code: Some(way_out::code(&fault)),
        text: clean(&fault.to_string(), Failure::TEXT_BYTES),
        retry_after: None,
        way_out: Some(Box::new(fault)),
        ..failure
    }
}

/// The details that the host alone writes.
fn is_the_hosts(name: &str) -> bool {
    ["limit", "claimed", "trap"].contains(&name)
}

/// Pairs of a guest's, bounded.
pub(crate) fn pairs(pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    let pair = |(name, value): (String, String)| (cleaned(name, SHORT_BYTES), cleaned(value, Failure::TEXT_BYTES));
    pairs.into_iter().take(Failure::DETAILS).map(pair).collect()
}

/// The floor for the unknown, and the receipt against the envelope.
pub(crate) fn of_send(
    sent: Result<GuestReceipt, Failure>,
    envelope: &Envelope,
    context: &Context,
) -> Result<Receipt, Failure> {
    let floor = &context.floor;
    match sent {
        Ok(_) if !floor.may_have_left() => Err(Failure::new(
            Kind::Other,
            "the connector says that it sent the message, and the message never left",
        )),
        Ok(receipt) => match mismatch(&receipt, envelope, context) {
            None => Ok(read_receipt(receipt)),
            Some(why) => Err(Failure::new(
                Kind::UnknownOutcome,
                format!("the connector's receipt does not match the envelope: {why}"),
            )),
        },
        Err(failure) if floor.may_have_left() => {
            let remote_refused = failure
                .code
                .as_deref()
                .is_some_and(|code| floor.remote_refused_with(code));
            if remote_refused || failure.kind == Kind::UnknownOutcome {
                return Err(failure);
            }
            let claimed = failure.kind.word();
            let unknown = Failure {
                kind: Kind::UnknownOutcome,
                code: None,
                ..failure
            };
            Err(unknown.with_detail("claimed", claimed))
        }
        Err(failure) => Err(failure),
    }
}

fn mismatch(receipt: &GuestReceipt, envelope: &Envelope, context: &Context) -> Option<String> {
    if receipt.refused.is_empty() && !envelope.recipients.is_empty() {
        return None;
    }
    let recipients: BTreeSet<&str> = envelope.recipients.iter().map(String::as_str).collect();
    let mut refused = BTreeSet::new();
    for refusal in &receipt.refused {
        let recipient = refusal.recipient.as_str();
        if !recipients.contains(recipient) {
            return Some("it refuses a recipient that is not in the envelope".to_owned());
        }
        if !refused.insert(recipient) {
            return Some("it refuses a recipient twice".to_owned());
        }
    }
    if refused.len() == recipients.len() {
        return Some("it refuses every recipient".to_owned());
    }
    let all_or_none = context.service().recipients == Recipients::AllOrNone;
    (all_or_none && !refused.is_empty())
        .then(|| "it refuses some recipients, and its manifest says that it takes all or none".to_owned())
}

fn read_receipt(receipt: GuestReceipt) -> Receipt {
    let refusal = |refusal: GuestRefusal| Refusal {
        recipient: refusal.recipient,
        code: refusal.code.map(|code| cleaned(code, SHORT_BYTES)),
        text: cleaned(refusal.text, SHORT_BYTES),
    };
    Receipt {
        id: receipt.id.map(|id| cleaned(id, SHORT_BYTES)),
        text: cleaned(receipt.text, Failure::TEXT_BYTES),
        refused: receipt.refused.into_iter().map(refusal).collect(),
        details: pairs(receipt.details),
    }
}
