//! What a connector's failure means for whoever administers it, and what to do about it.

use relais_manifest::Lang;
use relais_router::SendError;
use relais_sandbox::{AccountFault, Failure, Kind, is_way_out_code};
use serde_json::{Value, json};

use super::{Say, pick, plain, say};
use crate::api::named;

/// The kind in words.
pub fn kind(kind: Kind) -> Say {
    match kind {
        Kind::Configuration => say("paramétrage à corriger", "the settings need correction"),
        Kind::Authentication => say("identification refusée", "the login was refused"),
        Kind::Unreachable => say("serveur injoignable", "the server cannot be reached"),
        Kind::Timeout => say("pas de réponse dans le temps prévu", "no answer in time"),
        Kind::Throttled => say("le serveur demande d'attendre", "the server asks to wait"),
        Kind::Temporary => say("refus provisoire", "refused for now"),
        Kind::Rejected => say("refus définitif", "refused for good"),
        Kind::TooLarge => say("message trop gros", "the message is too large"),
        Kind::UnknownOutcome => say(
            "issue inconnue : le mail est peut-être parti",
            "unknown outcome: the mail may have left",
        ),
        Kind::Other => say("échec du connecteur", "the connector failed"),
    }
}

/// What to do next.
pub fn next(kind: Kind) -> Say {
    match kind {
        Kind::Configuration => say(
            "Corrigez le paramètre que nomme la réponse avec « relais instance edit », puis vérifiez de nouveau.",
            "Correct the parameter that the answer names with `relais instance edit`, then verify again.",
        ),
        Kind::Authentication => say(
            "Vérifiez le compte, et saisissez de nouveau le mot de passe avec « relais instance edit NOM --secret CHAMP ».",
            "Check the account, and give the password again with `relais instance edit NAME --secret FIELD`.",
        ),
        Kind::Unreachable => say(
            "Vérifiez l'adresse et le port, le DNS, et que le pare-feu laisse passer cette connexion.",
            "Check the address and the port, the DNS, and that the firewall lets this connection pass.",
        ),
        Kind::Timeout => say(
            "Réessayez plus tard ; si cela dure, vérifiez le port, SSL/TLS et le délai de connexion.",
            "Try again later; if it persists, check the port, SSL/TLS and the connection timeout.",
        ),
        Kind::Throttled => say(
            "Attendez avant de réessayer ; si cela dure, demandez au fournisseur quel débit est permis.",
            "Wait before you try again; if it persists, ask the provider what rate is allowed.",
        ),
        Kind::Temporary => say(
            "Réessayez plus tard ; si cela dure, montrez la réponse à l'administrateur du serveur.",
            "Try again later; if it persists, show the answer to the server's administrator.",
        ),
        Kind::Rejected => say(
            "Un nouvel essai ne changera rien : corrigez ce que la réponse refuse (expéditeur, destinataire ou contenu).",
            "Trying again will not help: correct what the answer refuses (sender, recipient or content).",
        ),
        Kind::TooLarge => say(
            "Réduisez ou retirez des pièces jointes, ou demandez au serveur une limite plus haute.",
            "Make the attachments smaller or leave some out, or ask for a higher limit on the server.",
        ),
        Kind::UnknownOutcome => say(
            "Ne renvoyez pas ce mail à l'aveugle : vérifiez d'abord, auprès du destinataire ou dans le journal du serveur, qu'il n'est pas arrivé.",
            "Do not send this mail again blindly: check first, with the recipient or in the server's log, that it did not arrive.",
        ),
        Kind::Other => say(
            "Relancez la commande avec -v pour voir le journal du connecteur, et transmettez-le à son éditeur.",
            "Run the command again with -v to see the connector's log, and pass it on to its publisher.",
        ),
    }
}

/// The kind in words, and what to do next, for a failure with that code: where the host's own way out is what failed, no parameter
/// of the instance is to be corrected.
pub fn kind_and_next(of: Kind, code: Option<&str>) -> (Say, Say) {
    if !code.is_some_and(is_way_out_code) {
        return (kind(of), next(of));
    }
    match of {
        Kind::Configuration => (
            say(
                "le proxy de sortie refuse de laisser passer",
                "the outgoing proxy refuses to let this through",
            ),
            say(
                "Corrigez --proxy ou --proxy-credentials-file de « relais serve », ou demandez à qui administre le proxy d'autoriser cette destination et ce port ; les envois attendent et partiront ensuite.",
                "Correct --proxy or --proxy-credentials-file of `relais serve`, or have whoever runs the proxy allow this destination and port; deliveries wait, and leave then.",
            ),
        ),
        _ => (
            say(
                "le proxy de sortie n'a pas ouvert la connexion",
                "the outgoing proxy opened no connection",
            ),
            say(
                "Vérifiez que le proxy de sortie fonctionne et joint cette destination ; Relais réessaie de lui-même.",
                "Check that the outgoing proxy works and reaches this destination; Relais tries again by itself.",
            ),
        ),
    }
}

/// The same for a failure: where an account gave no token, no parameter is to be corrected.
fn next_of(failure: &Failure) -> Say {
    match failure.account.as_deref() {
        Some(AccountFault::NotAssociated(_) | AccountFault::Reconnect(_)) => say(
            "Associez le compte avec « relais account associate INSTANCE » ; les envois attendent et partiront ensuite.",
            "Associate the account with `relais account associate INSTANCE`; deliveries wait, and leave then.",
        ),
        Some(AccountFault::Unavailable { .. }) => say(
            "Le fournisseur du compte ne répond pas pour l'instant : Relais réessaie de lui-même.",
            "The account's provider does not answer for now: Relais tries again by itself.",
        ),
        Some(AccountFault::WayOut(_)) | None => kind_and_next(failure.kind, failure.code.as_deref()).1,
    }
}

/// What happened, the remote's own words, and what to do; nothing where no connector failed.
pub fn text(lang: Lang, error: &SendError) -> Option<String> {
    let (what, failure) = match error {
        SendError::Message(_) => return None,
        SendError::Open { instance, failure } => (
            pick(
                lang,
                format!("Le connecteur de l'instance « {instance} » n'a pas démarré"),
                format!("The connector of instance `{instance}` did not start"),
            ),
            failure,
        ),
        SendError::Verify { instance, failure } => (
            pick(
                lang,
                format!("L'instance « {instance} » ne fonctionne pas"),
                format!("Instance `{instance}` does not work"),
            ),
            failure,
        ),
        SendError::Failed { instance, failure, .. } => (
            pick(
                lang,
                format!("L'instance « {instance} » n'a pas confirmé l'envoi"),
                format!("Instance `{instance}` did not confirm the sending"),
            ),
            failure,
        ),
    };
    let colon = pick(lang, " :", ":");
    let (in_words, _) = kind_and_next(failure.kind, failure.code.as_deref());
    let mut lines = vec![format!("{what}{colon} {}.", in_words.get(lang))];
    let answer = match &failure.way_out {
        Some(fault) => fault.text(lang),
        None => words(failure.code.as_deref(), &failure.text),
    };
    if !answer.is_empty() {
        lines.push(format!("{}{colon} {answer}", pick(lang, "Réponse", "Answer")));
    }
    for (name, value) in &failure.details {
        lines.push(format!("{}{colon} {}", plain(name), plain(value)));
    }
    if let Some(wait) = failure.retry_after {
        let seconds = wait.as_secs();
        lines.push(pick(
            lang,
            format!("Délai demandé : {seconds} s"),
            format!("Wait asked for: {seconds} s"),
        ));
    }
    lines.push(format!(
        "{}{colon} {}",
        pick(lang, "À faire", "What to do"),
        next_of(failure).get(lang)
    ));
    Some(lines.join("\n"))
}

/// The remote's code, once, and its words. A connector may leave the code in the words, or its last part: `5.7.8` of
/// `535 5.7.8`.
pub fn words(code: Option<&str>, text: &str) -> String {
    let (code, text) = (plain(code.unwrap_or_default()), plain(text));
    let parts: Vec<&str> = code.split_whitespace().collect();
    let repeated = |tail: &[&str]| {
        let mut words = text.split_whitespace();
        tail.iter().all(|part| words.next() == Some(part))
    };
    let new = (0..=parts.len())
        .find(|from| parts.get(*from..).is_some_and(repeated))
        .unwrap_or(parts.len());
    let code = parts.into_iter().take(new).collect::<Vec<_>>().join(" ");
    format!("{code} {text}").trim().to_owned()
}

/// The same for programs.
pub fn facts(lang: Lang, error: &SendError) -> Vec<(&'static str, Value)> {
    let (instance, failure) = match error {
        SendError::Message(_) => return Vec::new(),
        SendError::Open { instance, failure }
        | SendError::Verify { instance, failure }
        | SendError::Failed { instance, failure, .. } => (instance, failure),
    };
    let mut facts = vec![
        ("kind", failure.kind.word().into()),
        ("remote_code", json!(failure.code)),
        ("text", failure.text.as_str().into()),
        ("details", json!(named(&failure.details))),
        ("retry_after_s", json!(failure.retry_after.map(|wait| wait.as_secs()))),
        ("next", next_of(failure).get(lang).into()),
        ("instance", instance.as_str().into()),
    ];
    if let SendError::Failed { message_id, .. } = error {
        facts.push(("message_id", message_id.as_str().into()));
        facts.push(("may_have_left", (failure.kind == Kind::UnknownOutcome).into()));
    }
    facts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use relais_router::InstanceName;
    use relais_sandbox::{ProxyError, ProxyFault};

    use super::*;

    fn failed(failure: Failure) -> SendError {
        SendError::Failed {
            instance: InstanceName::new("smtp").unwrap(),
            message_id: "1@example.org".to_owned(),
            failure: Box::new(failure),
        }
    }

    #[test]
    fn an_unknown_outcome_says_that_the_mail_may_have_left_and_must_not_be_sent_again_blindly() {
        let error = failed(Failure::new(Kind::UnknownOutcome, "connection lost"));
        let fr = text(Lang::Fr, &error).unwrap();
        assert!(
            fr.contains("peut-être parti") && fr.contains("Ne renvoyez pas ce mail à l'aveugle"),
            "{fr}"
        );
        let en = text(Lang::En, &error).unwrap();
        assert!(
            en.contains("may have left") && en.contains("Do not send this mail again blindly"),
            "{en}"
        );
        assert!(facts(Lang::En, &error).contains(&("may_have_left", Value::Bool(true))));
    }

    #[test]
    fn the_servers_words_appear_with_their_code_once_and_obey_no_stranger() {
        let mut failure = Failure::new(Kind::Rejected, "no such\u{1b}[2J user");
        failure.code = Some("550 5.1.1".to_owned());
        let shown = text(Lang::En, &failed(failure.clone())).unwrap();
        assert!(shown.contains("Answer: 550 5.1.1 no such [2J user"), "{shown}");
        failure.text = "550 5.1.1 no such user".to_owned();
        assert!(
            text(Lang::En, &failed(failure))
                .unwrap()
                .contains("Answer: 550 5.1.1 no such user\n")
        );
    }

    #[test]
    fn a_code_that_the_words_repeat_in_whole_or_in_part_is_written_once() {
        for (code, text, shown) in [
            (Some("535 5.7.8"), "5.7.8 bad", "535 5.7.8 bad"),
            (Some("535 5.7.8"), "535 5.7.8 bad", "535 5.7.8 bad"),
            (Some("535"), "bad", "535 bad"),
            (Some("550 5.1.1"), "", "550 5.1.1"),
            (None, "bad", "bad"),
        ] {
            assert_eq!(words(code, text), shown);
        }
    }

    #[test]
    fn a_proxy_that_refuses_is_named_with_what_to_do_about_it_in_both_languages() {
        let fault = |status| ProxyError {
            proxy: "http://proxy.mairie.example:3128".to_owned(),
            asked: "tcp://smtp.example.org:587".to_owned(),
            fault: ProxyFault::Said {
                status,
                reason: "Filtered".to_owned(),
            },
        };
        let by = |kind, status| {
            let fault = fault(status);
            failed(Failure {
                code: Some(format!("proxy {status}")),
                way_out: Some(Box::new(fault.clone())),
                ..Failure::new(kind, fault.to_string())
            })
        };
        let refused = by(Kind::Configuration, 403);
        let fr = text(Lang::Fr, &refused).unwrap();
        for words in [
            "le proxy http://proxy.mairie.example:3128",
            "« 403 Filtered »",
            "--proxy-credentials-file",
            "les envois attendent",
        ] {
            assert!(fr.contains(words), "{words}: {fr}");
        }
        assert!(!fr.contains("relais instance edit"), "{fr}");
        let en = text(Lang::En, &refused).unwrap();
        assert!(en.contains("`403 Filtered`") && en.contains("deliveries wait"), "{en}");
        let down = text(Lang::En, &by(Kind::Unreachable, 502)).unwrap();
        assert!(
            down.contains("proxy.mairie.example") && down.contains("by itself"),
            "{down}"
        );
    }

    #[test]
    fn each_kind_has_its_own_sentence_on_what_to_do() {
        let kinds = [
            Kind::Configuration,
            Kind::Authentication,
            Kind::Unreachable,
            Kind::Timeout,
            Kind::Throttled,
            Kind::Temporary,
            Kind::Rejected,
            Kind::TooLarge,
            Kind::UnknownOutcome,
            Kind::Other,
        ];
        for lang in [Lang::Fr, Lang::En] {
            let mut sentences: Vec<&str> = kinds.iter().map(|kind| next(*kind).get(lang)).collect();
            sentences.sort_unstable();
            sentences.dedup();
            assert_eq!(sentences.len(), kinds.len());
        }
    }
}
