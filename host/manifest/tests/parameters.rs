//! Parameters and egress in a manifest: what does not hold together is found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use common::{finding, parameter};
use relais_manifest::ManifestErrorKind as Kind;
use relais_manifest::{ParameterType, Reason, TemplateProblem};

#[test]
fn a_default_obeys_its_own_parameter() {
    let default = |kind, rest: &str| finding(&parameter("a", kind, rest));
    let (path, kind) = default("port", "default = 70000");
    assert_eq!(
        (path.as_str(), kind),
        ("parameters[0].default", Kind::Default(Reason::NotAPort))
    );
    assert_eq!(
        default("integer", "min = 1\nmax = 5\ndefault = 6").1,
        Kind::Default(Reason::OutOfRange {
            min: Some(1),
            max: Some(5)
        })
    );
    assert_eq!(
        default("text", "max-length = 2\ndefault = 'abc'").1,
        Kind::Default(Reason::TooLong { max: 2 })
    );
    assert_eq!(
        default("email", "default = 'nobody'").1,
        Kind::Default(Reason::NotAnEmail)
    );
    assert_eq!(
        default(
            "choice",
            "choices = [{ value = 'a', label = { en = 'A' } }]\ndefault = 'b'"
        )
        .1,
        Kind::Default(Reason::NotAChoice {
            choices: vec!["a".into()]
        })
    );
    for held in ["secret", "account"] {
        assert!(matches!(
            default(held, "default = 'x'").1,
            Kind::NotForType { key: "default", .. }
        ));
    }
}

#[test]
fn a_constraint_of_another_type_is_refused_and_so_are_impossible_bounds() {
    let constraint = |kind, rest: &str| finding(&parameter("a", kind, rest)).1;
    assert_eq!(
        constraint("text", "min = 1"),
        Kind::NotForType {
            key: "min",
            found: ParameterType::Text
        }
    );
    assert_eq!(
        constraint("secret", "max-length = 5"),
        Kind::NotForType {
            key: "max-length",
            found: ParameterType::Secret
        }
    );
    assert_eq!(constraint("choice", ""), Kind::NoChoices);
    for (kind, rest) in [
        ("integer", "min = 2\nmax = 1"),
        ("text", "min-length = 2000"),
        ("text", "max-length = 0"),
        ("text", "max-length = 20000"),
        ("duration", "min = -1"),
        ("duration", "max = 99999999999"),
        ("duration", "max = 0"),
    ] {
        assert_eq!(constraint(kind, rest), Kind::Bounds, "{kind} {rest}");
    }
    let twice = "choices = [{ value = 'a', label = { en = 'A' } }, { value = 'a', label = { en = 'B' } }]";
    assert_eq!(constraint("choice", twice), Kind::Duplicate("a".into()));
}

#[test]
fn conditions_name_known_parameters_and_values_that_these_can_have() {
    let boolean = parameter("tls", "boolean", "");
    let when = |condition: &str| {
        finding(&format!(
            "{boolean}{}",
            parameter("a", "text", &format!("when = {{ {condition} }}"))
        ))
    };
    assert_eq!(
        when("tsl = false"),
        (
            "parameters[1].when.tsl".into(),
            Kind::UnknownParameter {
                id: "tsl".into(),
                nearest: Some("tls".into())
            }
        )
    );
    assert_eq!(
        when("tls = 'maybe'"),
        ("parameters[1].when.tls".into(), Kind::When(Reason::NotABoolean))
    );
    let secret = parameter("key", "secret", "") + &parameter("a", "text", "when = { key = 'x' }");
    assert!(matches!(
        finding(&secret).1,
        Kind::UnfitParameter {
            found: ParameterType::Secret,
            ..
        }
    ));
}

#[test]
fn conditions_in_a_circle_are_found() {
    let circle = parameter("a", "boolean", "when = { c = true }")
        + &parameter("b", "boolean", "when = { a = true }")
        + &parameter("c", "boolean", "when = { b = true }")
        + &parameter("d", "boolean", "");
    assert_eq!(
        finding(&circle).1,
        Kind::Circle(vec!["a".into(), "b".into(), "c".into()])
    );
    let itself = parameter("a", "boolean", "when = { a = true }");
    assert_eq!(finding(&itself).1, Kind::Circle(vec!["a".into()]));
}

#[test]
fn the_sender_is_one_email() {
    let role = "role = 'sender'";
    assert_eq!(
        finding(&parameter("a", "text", role)).1,
        Kind::RoleNeeds(ParameterType::Email)
    );
    let two = parameter("a", "email", role) + &parameter("b", "email", role);
    assert_eq!(
        finding(&two),
        ("parameters[1].role".into(), Kind::Duplicate("sender".into()))
    );
}

#[test]
fn an_egress_that_cannot_be_read_says_why() {
    let base = parameter("host", "host", "") + &parameter("port", "port", "") + &parameter("key", "secret", "");
    let to = |to: &str| finding(&format!("{base}[[egress]]\nto = '{to}'"));
    for (text, problem) in [
        ("tcp://{host}", TemplateProblem::NoPort),
        ("ftp://{host}", TemplateProblem::Scheme),
        ("TCP://{host}:25", TemplateProblem::Scheme),
        ("{host}:25", TemplateProblem::Scheme),
        ("smtp.example.org:25", TemplateProblem::Scheme),
        ("tcp://{host:{port}", TemplateProblem::Braces),
        ("tcp://host}:{port}", TemplateProblem::Braces),
        ("tcp://{}:25", TemplateProblem::Braces),
        ("https://api.example.org/v1", TemplateProblem::MoreThanAnOrigin),
        ("https://user@api.example.org", TemplateProblem::MoreThanAnOrigin),
        (
            "https://api.example.org\\\\@evil.org",
            TemplateProblem::MoreThanAnOrigin,
        ),
        ("https://", TemplateProblem::Host),
        ("https://*.example.org", TemplateProblem::Host),
        ("https://0x7f.1", TemplateProblem::Host),
        ("https://::1", TemplateProblem::Host),
        ("https://a b.{host}", TemplateProblem::Host),
        ("tcp://{host}:0", TemplateProblem::Port),
        ("tcp://{host}:2{port}", TemplateProblem::Port),
        ("tcp://{host}:", TemplateProblem::Port),
    ] {
        assert_eq!(to(text), ("egress[0].to".into(), Kind::Template(problem)), "{text}");
    }
    assert!(
        matches!(to("tcp://{hots}:{port}").1, Kind::UnknownParameter { nearest: Some(near), .. } if near == "host")
    );
    for unfit in ["tcp://{port}:25", "tcp://{host}:{host}", "tcp://{key}:25", "{host}"] {
        assert!(matches!(to(unfit).1, Kind::UnfitParameter { .. }), "{unfit}");
    }
    let twice = "[[egress]]\nto = 'https://a.example.org'\n[[egress]]\nto = 'https://a.example.org'";
    assert_eq!(finding(twice).1, Kind::Duplicate("https://a.example.org".into()));
    let clear = parameter("ca", "certificate", "") + "[[egress]]\nto = 'http://a.example.org'\ncertificate = 'ca'";
    assert_eq!(finding(&clear), ("egress[0].certificate".into(), Kind::NoTls));
}
