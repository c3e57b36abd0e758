//! Who gives the accounts of a connector.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{PEM, PROVIDER, finding, found, manifest, parameter, settings};
use relais_manifest::ManifestErrorKind as Kind;
use relais_manifest::{Dialect, Flow, Lang, Manifest, ProviderProblem, Reason, Scheme, TemplateProblem};

const CLOUDS: &str = "choices = [{ value = 'global', label = { en = 'x' } }, { value = 'china', label = { en = 'x' } }]\ndefault = 'global'";

/// A provider with these lines after its id and name.
fn provider(id: &str, rest: &str) -> String {
    format!("[[providers]]\nid = '{id}'\nname = {{ en = 'x' }}\n{rest}\n")
}

/// A provider of the device code with this token endpoint.
fn at(token: &str) -> String {
    provider(
        "idp",
        &format!("token = '{token}'\ndevice = 'https://login.example.org/d'\nflows = ['device-code']\nscopes = ['a']"),
    )
}

fn problem(rest: &str) -> (String, ProviderProblem) {
    match finding(rest) {
        (path, Kind::Provider(problem)) => (path, problem),
        other => panic!("{other:?}"),
    }
}

/// Microsoft's, in two clouds, as a connector describes it.
fn microsoft() -> Manifest {
    let of_cloud = |cloud: &str, host: &str| {
        let base = format!("https://{host}/{{tenant}}/oauth2/v2.0");
        provider(
            "microsoft",
            &format!(
                "dialect = 'entra'\nwhen = {{ cloud = '{cloud}' }}\nauthorization = '{base}/authorize'\n\
                 token = '{base}/token'\ndevice = '{base}/devicecode'\n\
                 flows = ['device-code', 'authorization-code', 'client-credentials']\n\
                 scopes = ['offline_access', 'https://graph.example.org/Mail.Send']\n\
                 application-scopes = ['https://graph.example.org/.default']\n\
                 authorize-parameters = {{ prompt = 'select_account' }}\ncertificate = 'ca'\n\
                 registration = {{ en = 'Register {{redirect}}.' }}"
            ),
        )
    };
    manifest(
        &(parameter("cloud", "choice", CLOUDS)
            + &parameter("tenant", "text", "default = 'common'")
            + &parameter("ca", "certificate", "")
            + &parameter("compte", "account", "providers = ['microsoft']")
            + &of_cloud("global", "login.example.org")
            + &of_cloud("china", "login.example.cn")),
    )
}

#[test]
fn a_provider_is_filled_with_the_values_of_the_instance() {
    let manifest = microsoft();
    let filled = manifest
        .provider(
            &settings(&manifest, &[("tenant", "mairie.example"), ("ca", PEM)]),
            "microsoft",
        )
        .unwrap();
    assert_eq!(
        filled.token.url,
        "https://login.example.org/mairie.example/oauth2/v2.0/token"
    );
    assert_eq!(
        (
            filled.token.scheme,
            filled.token.host.as_str(),
            filled.token.port,
            filled.token.typed
        ),
        (Scheme::Https, "login.example.org", 443, false)
    );
    assert_eq!(
        filled.authorization.unwrap().url,
        "https://login.example.org/mairie.example/oauth2/v2.0/authorize"
    );
    assert_eq!(
        filled.device.unwrap().url,
        "https://login.example.org/mairie.example/oauth2/v2.0/devicecode"
    );
    assert_eq!(filled.revocation, None);
    assert_eq!(filled.dialect, Dialect::Entra);
    assert_eq!(filled.flows, Flow::ALL);
    assert_eq!(filled.scopes.len(), 2);
    assert_eq!(filled.application_scopes, ["https://graph.example.org/.default"]);
    assert_eq!(filled.authorize_parameters["prompt"], "select_account");
    assert_eq!(filled.certificate_pem.as_deref(), Some(PEM));
    assert_eq!(filled.registration.unwrap().get(Lang::Fr), "Register {redirect}.");
}

#[test]
fn the_first_provider_of_an_id_that_applies_counts() {
    let manifest = microsoft();
    let host = |cloud: &str| {
        let settings = settings(&manifest, &[("cloud", cloud)]);
        let providers = manifest.providers(&settings).unwrap();
        assert_eq!(providers.len(), 1);
        assert_eq!(manifest.provider(&settings, "microsoft").as_ref(), providers.first());
        providers[0].token.host.clone()
    };
    assert_eq!(host("global"), "login.example.org");
    assert_eq!(host("china"), "login.example.cn");
    assert_eq!(manifest.provider(&settings(&manifest, &[]), "google"), None);
}

#[test]
fn what_an_endpoint_is_built_from_is_bound_to_the_account() {
    let bound: Vec<String> = microsoft().bound_parameters().into_iter().collect();
    assert_eq!(bound, ["ca", "cloud", "tenant"]);
    let account = microsoft().accounts().next().unwrap().id.clone();
    let bound = microsoft().bound_to(&account);
    assert_eq!(bound.built_from.into_iter().collect::<Vec<_>>(), ["ca", "tenant"]);
    assert_eq!(bound.deciding.into_iter().collect::<Vec<_>>(), ["cloud"]);
    assert!(microsoft().bound_to("no-account").built_from.is_empty());
}

#[test]
fn a_value_can_neither_leave_its_segment_nor_climb_in_the_path() {
    let manifest = manifest(&(parameter("tenant", "text", "") + &at("https://login.example.org/{tenant}/token")));
    let filled = |tenant: &str| manifest.providers(&settings(&manifest, &[("tenant", tenant)]));
    for bad in ["..", ".", "a/b", "a\\b", "/"] {
        let errors = filled(bad).expect_err(bad);
        assert_eq!(
            (errors[0].field.as_str(), &errors[0].reason),
            ("tenant", &Reason::NotASegment),
            "{bad}"
        );
        assert_eq!(manifest.provider(&settings(&manifest, &[("tenant", bad)]), "idp"), None);
    }
    for (value, path) in [
        ("a?b#c", "a%3Fb%23c"),
        ("%2e%2e", "%252e%252e"),
        ("@evil.example", "%40evil.example"),
        ("été", "%C3%A9t%C3%A9"),
    ] {
        let url = filled(value).unwrap().remove(0).token.url;
        assert_eq!(url, format!("https://login.example.org/{path}/token"));
    }
}

#[test]
fn an_endpoint_can_begin_with_an_address_that_the_administrator_gives() {
    let manifest = manifest(
        &(parameter("authority", "url", "")
            + &parameter("tenant", "text", "")
            + &at("{authority}/{tenant}/oauth2/v2.0/token")),
    );
    let token = |authority: &str| {
        let given = [("authority", authority), ("tenant", "t")];
        manifest.providers(&settings(&manifest, &given))
    };
    let endpoint = token("http://localhost:8080/idp/").unwrap().remove(0).token;
    assert_eq!(endpoint.url, "http://localhost:8080/idp/t/oauth2/v2.0/token");
    assert_eq!(
        (endpoint.scheme, endpoint.host.as_str(), endpoint.port, endpoint.typed),
        (Scheme::Http, "localhost", 8080, true)
    );
    assert_eq!(
        token("https://[::1]").unwrap()[0].token.url,
        "https://[::1]/t/oauth2/v2.0/token"
    );
    assert_eq!(
        token("https://login.example.org/?x=1").unwrap_err()[0].reason,
        Reason::UrlHasQuery
    );
    let without = settings(&manifest, &[("tenant", "t")]);
    assert!(
        manifest.providers(&without).unwrap().is_empty(),
        "no value, no provider"
    );
}

#[test]
fn a_host_of_which_the_manifest_fixes_a_part_is_not_the_administrators() {
    let manifest = manifest(&(parameter("site", "text", "") + &at("https://{site}.example.org:8443/token")));
    let token = manifest
        .provider(&settings(&manifest, &[("site", "mairie")]), "idp")
        .unwrap()
        .token;
    assert_eq!(token.url, "https://mairie.example.org:8443/token");
    assert!(!token.typed);
}

#[test]
fn an_endpoint_that_is_none_is_refused_with_its_place() {
    for (endpoint, kind) in [
        ("login.example.org/token", Kind::Template(TemplateProblem::NotHttp)),
        (
            "https://login.example.org/x{tenant}",
            Kind::Template(TemplateProblem::Path),
        ),
    ] {
        let text = parameter("tenant", "text", "") + &at(endpoint);
        assert_eq!(finding(&text), ("providers[0].token".into(), kind), "{endpoint}");
    }
    assert!(matches!(
        finding(&at("https://login.example.org/{tenant}")),
        (path, Kind::UnknownParameter { .. }) if path == "providers[0].token"
    ));
    let secret = parameter("key", "secret", "") + &at("https://login.example.org/{key}");
    assert!(matches!(finding(&secret).1, Kind::UnfitParameter { .. }));
    let tcp = at("tcp://login.example.org:25/token");
    assert_eq!(finding(&tcp).1, Kind::Template(TemplateProblem::NotHttp));
}

#[test]
fn each_flow_has_what_it_needs() {
    let with = |rest: &str| {
        problem(&provider(
            "idp",
            &format!("token = 'https://login.example.org/token'\n{rest}"),
        ))
    };
    for (rest, key, flow) in [
        ("flows = ['device-code']\nscopes = ['a']", "device", Flow::DeviceCode),
        (
            "flows = ['authorization-code']\nscopes = ['a']",
            "authorization",
            Flow::AuthorizationCode,
        ),
        (
            "flows = ['device-code']\ndevice = 'https://login.example.org/d'",
            "scopes",
            Flow::DeviceCode,
        ),
        (
            "flows = ['client-credentials']\nscopes = ['a']",
            "application-scopes",
            Flow::ClientCredentials,
        ),
    ] {
        let wanted = (format!("providers[0].{key}"), ProviderProblem::NeededForFlow(flow));
        assert_eq!(with(rest), wanted, "{rest}");
    }
    assert_eq!(
        with("flows = []"),
        ("providers[0].flows".into(), ProviderProblem::NoFlow)
    );
    for scope in ["", "a b", "a\"b", "é"] {
        let rest = format!("flows = ['client-credentials']\napplication-scopes = ['{scope}']");
        let wanted = "providers[0].application-scopes[0]".to_owned();
        assert_eq!(with(&rest), (wanted, ProviderProblem::NotAScope), "{scope}");
    }
}

#[test]
fn a_scope_begins_with_an_address_that_the_administrator_gives() {
    let with = |scope: &str| {
        parameter("graph", "url", "")
            + &parameter("tenant", "text", "")
            + &PROVIDER.replace("['all']", &format!("['{scope}']"))
    };
    let manifest = manifest(&with("{graph}/.default"));
    let values = settings(&manifest, &[("graph", "https://graph.example.cn/")]);
    let filled = manifest.provider(&values, "idp").unwrap();
    assert_eq!(filled.application_scopes, ["https://graph.example.cn/.default"]);
    assert_eq!(manifest.provider(&settings(&manifest, &[]), "idp"), None);
    for wrong in ["{tenant}/.default", "{nobody}/.default", "{graph/.default"] {
        let (path, _) = finding(&with(wrong));
        assert_eq!(path, "providers[0].application-scopes[0]", "{wrong}");
    }
}

#[test]
fn only_what_is_asked_for_can_be_optional() {
    let with = |optional: &str| PROVIDER.to_owned() + &format!("optional-scopes = {optional}\n");
    let manifest = manifest(&with("['offline_access']"));
    let filled = manifest.provider(&settings(&manifest, &[]), "idp").unwrap();
    assert_eq!(filled.optional_scopes, ["offline_access"]);
    let problem = Kind::Provider(ProviderProblem::NotAmongScopes);
    assert_eq!(
        found(&with("['offline_access', 'all']")),
        [("providers[0].optional-scopes[1]".to_owned(), problem)]
    );
}

#[test]
fn what_is_optional_can_be_asked_for_only_where_the_instance_is_set_so() {
    let rights = "choices = [{ value = 'full', label = { en = 'x' } }, { value = 'send', label = { en = 'x' } }]\ndefault = 'full'";
    let with = |when: &str| {
        let provider = at("https://login.example.org/token").replace("['a']", "['a', 'b', 'c']");
        let account = parameter("compte", "account", "providers = ['idp']");
        parameter("rights", "choice", rights)
            + &account
            + &provider
            + &format!("optional-scopes = ['b', 'c']\noptional-when = {when}\n")
    };
    let manifest = manifest(&with("{ rights = 'full' }"));
    let filled = |given: &[(&str, &str)]| {
        let values = settings(&manifest, given);
        let filled = manifest.provider(&values, "idp").unwrap();
        assert_eq!(manifest.providers(&values).unwrap(), std::slice::from_ref(&filled));
        (filled.scopes.join(" "), filled.optional_scopes.join(" "))
    };
    assert_eq!(filled(&[]), ("a b c".to_owned(), "b c".to_owned()));
    assert_eq!(filled(&[("rights", "send")]), ("a".to_owned(), String::new()));
    // It decides nothing of where a token goes: an account stays as it is.
    assert!(!manifest.bound_parameters().contains("rights"));
    for wrong in ["{ rights = 'all' }", "{ nobody = 'full' }"] {
        let (path, _) = finding(&with(wrong));
        assert!(path.starts_with("providers[0].optional-when."), "{path}");
    }
}

#[test]
fn an_authorization_request_keeps_the_parameters_of_the_protocol_for_the_host() {
    let with =
        |parameters: &str| found(&(PROVIDER.to_owned() + &format!("authorize-parameters = {{ {parameters} }}\n")));
    for own in [
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "code_challenge",
        "request_uri",
    ] {
        assert_eq!(
            with(&format!("{own} = 'x'")),
            [(
                format!("providers[0].authorize-parameters.{own}"),
                Kind::Provider(ProviderProblem::OwnParameter)
            )]
        );
    }
    assert_eq!(with("prompt = ''").len(), 1);
    assert_eq!(with("'a&b' = 'x'").len(), 1);
    manifest(&(PROVIDER.to_owned() + "authorize-parameters = { prompt = 'consent', access_type = 'offline' }\n"));
}

#[test]
fn an_account_names_providers_that_exist() {
    let account = |rest: &str| problem(&(parameter("compte", "account", rest) + PROVIDER));
    assert_eq!(
        account("providers = ['idq']"),
        (
            "parameters[0].providers[0]".into(),
            ProviderProblem::Unknown {
                id: "idq".into(),
                nearest: Some("idp".into())
            }
        )
    );
    assert_eq!(
        account(""),
        ("parameters[0].providers".into(), ProviderProblem::NoProvider)
    );
    let twice = parameter("compte", "account", "providers = ['idp', 'idp']") + PROVIDER;
    assert_eq!(
        finding(&twice),
        ("parameters[0].providers[1]".into(), Kind::Duplicate("idp".into()))
    );
    let elsewhere = parameter("host", "host", "providers = ['idp']") + PROVIDER;
    assert!(matches!(
        finding(&elsewhere).1,
        Kind::NotForType { key: "providers", .. }
    ));
}

#[test]
fn a_provider_that_could_never_count_is_refused() {
    let twice = PROVIDER.to_owned() + PROVIDER;
    assert_eq!(
        finding(&twice),
        ("providers[1].id".into(), Kind::Duplicate("idp".into()))
    );
    let first_with_condition = parameter("cloud", "choice", CLOUDS)
        + &PROVIDER.replace("name =", "when = { cloud = 'china' }\nname =")
        + PROVIDER;
    manifest(&first_with_condition);
    let many: String = (0..17)
        .map(|n| PROVIDER.replace("'idp'", &format!("'idp{n}'")))
        .collect();
    assert_eq!(finding(&many), ("providers".into(), Kind::TooMany { max: 16 }));
}

#[test]
fn every_problem_of_a_provider_reads_in_french_and_in_english() {
    let problem = problem(&(parameter("compte", "account", "providers = ['idq']") + PROVIDER)).1;
    assert_eq!(
        problem.text(Lang::Fr),
        "il n'y a pas de fournisseur « idq » ; vouliez-vous dire « idp » ?"
    );
    assert_eq!(problem.to_string(), "there is no provider `idq`; did you mean `idp`?");
    for flow in Flow::ALL {
        assert_eq!(Flow::from_word(flow.word()), Some(flow));
    }
}
