//! Which way a mail leaves, as EzGED describes it.

use std::os::unix::fs::MetadataExt as _;

use relais_e2e::oauth::Setup;

use crate::site::{CONVOCATIONS, Site, USER, mail};

/// The connector by default of the service "Envoi de mail" is SMTP. The service instance "Convocations du conseil" names a connector
/// instance of Office365. A mail that names no service instance leaves by SMTP, one that names this one leaves by Office365.
#[tokio::test(flavor = "multi_thread")]
async fn mail_leaves_by_the_default_connector_smtp_and_by_office365_through_the_service_instance_that_uses_it() {
    let spool = tempfile::tempdir().unwrap();
    let group = std::fs::metadata(spool.path()).unwrap().gid().to_string();
    let folder = spool.path().join("spool").display().to_string();
    let options = ["--spool", &folder, "--spool-group", &group];
    let Some(site) = Site::with(Setup::graph(), |relais| relais.with(&options)).await else {
        return;
    };
    let said = site.associate();
    assert!(said.contains(USER), "{said}");
    // The API.
    let mut ids = vec![
        site.send(None, "api sans instance"),
        site.send(Some(CONVOCATIONS), "api par l'instance"),
    ];
    // A token that is bound to the service instance, whose caller names none.
    let bound = [
        "token",
        "create",
        "ezged",
        "--role",
        "send",
        "--service-instance",
        CONVOCATIONS,
    ];
    let bound = site.relais.does(&bound);
    let free = site.relais.token("default", "scripts", "send");
    for (token, subject) in [
        (bound["token"].as_str().unwrap(), "jeton de l'instance"),
        (&free, "jeton sans instance"),
    ] {
        ids.push(site.post(token, &mail(subject)));
    }
    // What a program that calls sendmail does.
    for (options, subject) in [
        (&[][..], "sendmail sans instance"),
        (&["--instance", CONVOCATIONS][..], "sendmail par l'instance"),
    ] {
        let message = format!("From: {USER}\nTo: zoe@partenaire.example\nSubject: {subject}\n\nBonjour\n");
        let command = [&["sendmail", "--spool", &folder], options, &["-t", "-i"]].concat();
        let output = site.relais.run_with(&command, message.as_bytes());
        assert!(output.status.success(), "{output:?}");
    }
    for id in &ids {
        site.becomes(id, "sent").await;
    }
    site.until("six sent", |site| {
        site.graph.sent().len() + site.smtp.mails().len() >= 6
    })
    .await;
    assert_eq!(
        site.by_smtp(),
        ["api sans instance", "jeton sans instance", "sendmail sans instance"]
    );
    assert_eq!(
        site.by_graph(),
        ["api par l'instance", "jeton de l'instance", "sendmail par l'instance"]
    );
    // The journal says the same, and where the default changes only the mail without a service instance follows.
    let sent = site.shown("deliveries?state=sent");
    for line in sent["deliveries"].as_array().unwrap() {
        let through = (&line["service_instance"], &line["instance"]);
        assert!(
            through == (&CONVOCATIONS.into(), &"office".into()) || through == (&().into(), &"smtp".into()),
            "{line}"
        );
    }
    site.relais.does(&["service", "default", "mail", "office"]);
    let id = site.send(None, "le nouveau défaut");
    site.becomes(&id, "sent").await;
    assert!(site.by_graph().contains(&"le nouveau défaut".to_owned()));
    assert_eq!(site.smtp.mails().len(), 3);
}
