//! What nobody should send: each has its status and a sentence, and leaves nothing behind.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use relais_router::Role;
use relais_server::Options;
use serde_json::{Value, json};

use super::support::{ROOT, Stage, mail, ws};

#[tokio::test]
async fn who_has_no_good_token_is_told_so_and_no_more() {
    let stage = Stage::new().await;
    let refused = stage.call("", Method::POST, "default/mails", Some(mail())).await;
    refused.is(401, "token-missing");
    assert_eq!(refused.header("www-authenticate"), "Bearer realm=\"relais\"");
    let long = "x".repeat(5000);
    for bad in ["nonsense", "relais_", long.as_str()] {
        let refused = stage.call(bad, Method::GET, "default/deliveries", None).await;
        refused.is(401, "token-invalid");
        assert!(refused.header("www-authenticate").contains("invalid_token"));
    }
    let basic = Request::get("/api/v1/default/deliveries").header("authorization", "Basic YTpi");
    stage
        .ask(basic.body(Body::empty()).unwrap())
        .await
        .is(401, "token-invalid");
    let (token, id) = stage.token_for("default", Role::Admin, None);
    assert_eq!(
        stage.call(&token, Method::GET, "default/deliveries", None).await.status,
        200
    );
    stage.router.revoke_token(&ROOT, &ws("default"), &id).unwrap();
    stage
        .call(&token, Method::GET, "default/deliveries", None)
        .await
        .is(401, "token-invalid");
}

#[tokio::test]
async fn an_unknown_workspace_is_not_found_whatever_it_is_called() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    for name in [
        "nowhere",
        "Nowhere",
        "..",
        "%2e%2e",
        "a%0d%0ab",
        "%ff",
        "é",
        &"x".repeat(300),
    ] {
        let name = name.replace('é', "%C3%A9");
        for path in ["mails", "deliveries", "instances"] {
            let method = if path == "mails" { Method::POST } else { Method::GET };
            let answer = stage
                .call(&token, method.clone(), &format!("{name}/{path}"), None)
                .await;
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{name}: {}", answer.status);
            let answer = stage.local(method, &format!("{name}/{path}"), Some(mail())).await;
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{name}: {}", answer.status);
        }
    }
}

#[tokio::test]
async fn a_line_break_in_any_field_is_refused_by_the_name_of_the_field() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    let evil = "a@example.org\r\nBcc: victim@example.org";
    let cases: [(&str, Value); 13] = [
        ("from", json!({"from": evil})),
        ("sender", json!({"sender": evil})),
        ("to[0]", json!({"to": [evil]})),
        ("cc[0]", json!({"cc": [evil]})),
        ("bcc[1]", json!({"bcc": ["a@example.org", evil]})),
        ("reply_to[0]", json!({"reply_to": [evil]})),
        ("subject", json!({"subject": evil})),
        (
            "headers[0].name",
            json!({"headers": [{"name": "X-A: b\r\nBcc", "value": "x"}]}),
        ),
        ("headers[0].value", json!({"headers": [{"name": "X-A", "value": evil}]})),
        (
            "attachments[0].name",
            json!({"attachments": [{"name": "a\r\nb", "content": ""}]}),
        ),
        (
            "attachments[0].content_type",
            json!({"attachments": [{"content_type": "a/b\r\nX: y", "content": ""}]}),
        ),
        (
            "attachments[0].content_id",
            json!({"attachments": [{"content_id": "a>\r\nX: y", "content": ""}]}),
        ),
        ("service_instance", json!({"service_instance": "a\r\nb"})),
    ];
    for (field, change) in cases {
        let mut whole = mail();
        whole
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let refused = stage.call(&token, Method::POST, "default/mails", Some(whole)).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.json());
        assert_eq!(refused.json()["fields"][0]["field"], field, "{}", refused.json());
    }
    let mime = "From: a@example.org\r\nSubject: x\r\n\r\nt\r\n";
    for query in [
        "from=a%40x.example%0d%0aRCPT&to=b%40example.org",
        "to=b%40example.org%0d%0aDATA",
        "to=%00",
    ] {
        let refused = stage.post(&token, &format!("?{query}"), "message/rfc822", mime).await;
        assert_eq!(refused.status, 422, "{query}: {}", refused.json());
    }
    assert_eq!(stage.stored("default").await, 0);
}

#[tokio::test]
async fn ten_thousand_recipients_and_none_at_all_are_refused() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let many: Vec<String> = (0..10_000).map(|number| format!("a{number}@example.org")).collect();
    let mut whole = mail();
    whole["to"] = json!(many);
    let refused = stage.call(&token, Method::POST, "default/mails", Some(whole)).await;
    let problem = refused.is(422, "message-invalid");
    assert!(problem["detail"].as_str().unwrap().contains("1000"), "{problem}");
    let query: String = many.iter().map(|address| format!("&to={address}")).collect();
    let mime = "From: a@example.org\r\n\r\nt\r\n";
    let refused = stage
        .post(
            &token,
            &format!("?from=a@example.org{}", &query[..60_000]),
            "message/rfc822",
            mime,
        )
        .await;
    refused.is(422, "message-invalid");
    for nobody in ["", "?recipients=header"] {
        stage
            .post(&token, nobody, "message/rfc822", mime)
            .await
            .is(422, "message-invalid");
    }
    assert_eq!(stage.stored("default").await, 0);
}

#[tokio::test]
async fn json_that_is_none_cannot_be_read_and_other_json_than_asked_for_is_refused_by_field() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    let deep = "[".repeat(100_000);
    for bad in [
        "",
        "{",
        "nonsense",
        "{\"to\":[}",
        "\u{feff}{}",
        deep.as_str(),
        "{}{}",
        "{\"subject\":\"a\nb\"}",
    ] {
        stage
            .post(&token, "", "application/json", bad.to_owned())
            .await
            .is(400, "request-unreadable");
    }
    for (field, bad) in [
        ("to", json!({"to": "a@example.org"})),
        ("subject", json!({"subject": 7})),
        ("attachments[0].content", json!({"attachments": [{"content": 7}]})),
        (
            "attachments[1].content",
            json!({"attachments": [{"content": ""}, {"content": "***"}]}),
        ),
        ("attachments[0]", json!({"attachments": [{"name": "a"}]})),
        ("attachments[0].part", json!({"attachments": [{"part": "a"}]})),
        ("headers[0]", json!({"headers": [{"name": "X-A"}]})),
    ] {
        let refused = stage.call(&token, Method::POST, "default/mails", Some(bad)).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.json());
        assert_eq!(refused.json()["fields"][0]["field"], field, "{}", refused.json());
    }
    let unknown = json!({"to": ["a@example.org"], "tô": []});
    let refused = stage.call(&token, Method::POST, "default/mails", Some(unknown)).await;
    assert!(
        refused.is(422, "field-invalid")["detail"]
            .as_str()
            .unwrap()
            .contains("tô")
    );
    assert_eq!(stage.stored("default").await, 0);
}

#[tokio::test]
async fn a_mail_of_a_million_empty_entries_is_refused_while_it_comes() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    // What follows is never asked for: a body that was read to its end would panic.
    let pieces = (0..1_000_000).map(|number| {
        assert!(number < 10_000, "it is read on and on");
        let piece = if number == 0 {
            "{\"attachments\":["
        } else {
            "{},{},{},{},"
        };
        Ok::<_, std::io::Error>(piece)
    });
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let refused = stage.post(&token, "", "application/json", body).await;
    refused.is(422, "too-many-values");
    assert_eq!(stage.stored("default").await, 0);
}

#[tokio::test]
async fn forms_that_are_broken_are_refused() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Send);
    for bad in [
        "",
        "--b",
        "--b\r\nContent-Disposition: form-data; name=\"mail",
        "--b\r\n\r\n\r\n--b--\r\n",
        "--b\r\nContent-Disposition: form-data; name=\"mail\"\r\n\r\n{",
        "--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\ny\r\n--b--\r\n",
    ] {
        let refused = stage.post(&token, "", "multipart/form-data; boundary=b", bad).await;
        assert!(
            matches!(refused.status.as_u16(), 400 | 422),
            "{bad:?}: {}",
            refused.json()
        );
    }
    stage
        .post(&token, "", "multipart/form-data", "x")
        .await
        .is(400, "request-unreadable");
    let stray = format!(
        "--b\r\nContent-Disposition: form-data; name=\"mail\"\r\n\r\n{}\r\n\
         --b\r\nContent-Disposition: form-data; name=\"subjet\"\r\n\r\ny\r\n--b--\r\n",
        mail()
    );
    let refused = stage.post(&token, "", "multipart/form-data; boundary=b", stray).await;
    assert_eq!(refused.is(422, "parameter-unknown")["fields"][0]["field"], "subjet");
    assert_eq!(stage.stored("default").await, 0);
}

#[tokio::test]
async fn what_is_too_large_is_refused_whether_it_says_so_or_not() {
    let stage = Stage::with(Options {
        mail_bytes: 10_000,
        dispatching: false,
        ..Options::default()
    })
    .await;
    let token = stage.token("default", Role::Send);
    let large = "x".repeat(10_001);
    for content_type in ["application/json", "message/rfc822"] {
        stage
            .post(&token, "", content_type, large.clone())
            .await
            .is(413, "request-too-large");
        let pieces = large
            .as_bytes()
            .chunks(1000)
            .map(|piece| Ok::<_, std::io::Error>(piece.to_vec()));
        let body = Body::from_stream(futures_util::stream::iter(pieces.collect::<Vec<_>>()));
        stage
            .post(&token, "", content_type, body)
            .await
            .is(413, "request-too-large");
    }
    let small = stage.call(&token, Method::POST, "default/mails", Some(mail())).await;
    assert_eq!(small.status, 202);
    let admin = stage.token("default", Role::Admin);
    let large = json!({"name": "x".repeat(2 << 20), "role": "send"});
    stage
        .call(&admin, Method::POST, "default/tokens", Some(large))
        .await
        .is(413, "request-too-large");
}

#[tokio::test]
async fn a_body_that_stops_coming_is_not_waited_for() {
    let stage = Stage::with(Options {
        silence: Duration::from_millis(50),
        ..Options::default()
    })
    .await;
    let token = stage.token("default", Role::Send);
    let body = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    stage
        .post(&token, "", "application/json", body)
        .await
        .is(408, "request-too-slow");
}

#[tokio::test]
async fn whoever_asks_too_often_waits() {
    let stage = Stage::with(Options {
        per_second: 1,
        burst: 3,
        ..Options::default()
    })
    .await;
    let (token, other) = (stage.token("default", Role::Admin), stage.token("default", Role::Admin));
    for _ in 0..3 {
        assert_eq!(
            stage.call(&token, Method::GET, "default/services", None).await.status,
            200
        );
    }
    let refused = stage.call(&token, Method::GET, "default/services", None).await;
    refused.is(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(
        stage.call(&other, Method::GET, "default/services", None).await.status,
        200
    );
}

#[tokio::test]
async fn addresses_methods_and_types_that_are_not_there_are_problems_too() {
    let stage = Stage::new().await;
    let token = stage.token("default", Role::Admin);
    stage
        .call(&token, Method::GET, "default/nothing", None)
        .await
        .is(404, "route-unknown");
    stage
        .call(&token, Method::GET, "default/deliveries/x", None)
        .await
        .is(404, "delivery-unknown");
    let unknown = "00000000000000000000000000";
    stage
        .call(&token, Method::GET, &format!("default/deliveries/{unknown}"), None)
        .await
        .is(404, "delivery-unknown");
    stage
        .call(&token, Method::GET, "default/instances/UPPER", None)
        .await
        .is(404, "name-invalid");
    let refused = stage.call(&token, Method::DELETE, "default/mails", None).await;
    refused.is(405, "method-not-allowed");
    assert_eq!(refused.header("allow"), "POST");
    stage.post(&token, "", "text/plain", "x").await.is(415, "media-type");
    let typeless = Request::post("/api/v1/default/tokens").header("authorization", format!("Bearer {token}"));
    stage
        .ask(typeless.body(Body::from("{}")).unwrap())
        .await
        .is(415, "media-type");
    let html = Request::get("/api/v1/default/services").header("accept", "text/html");
    let html = html
        .header("authorization", format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    stage.ask(html).await.is(406, "not-acceptable");
    for query in [
        "?stat=sent",
        "?state=lost",
        "?limit=0",
        "?limit=x",
        "?limit=1&limit=2",
        "?before=x",
        "?state=%ff",
    ] {
        let refused = stage
            .call(&token, Method::GET, &format!("default/deliveries{query}"), None)
            .await;
        assert!(
            matches!(refused.status.as_u16(), 400 | 422),
            "{query}: {}",
            refused.status
        );
    }
    stage
        .post(&token, "?wait=121", "application/json", mail().to_string())
        .await
        .is(422, "field-invalid");
}

#[tokio::test]
async fn problems_speak_the_language_of_the_request_and_french_otherwise() {
    let stage = Stage::new().await;
    for (accepted, lang, word) in [
        ("en", "en", "token"),
        ("fr", "fr", "jeton"),
        ("de", "fr", "jeton"),
        ("", "fr", "jeton"),
    ] {
        let request = Request::get("/api/v1/default/services").header("accept-language", accepted);
        let refused = stage.ask(request.body(Body::empty()).unwrap()).await;
        let problem = refused.is(401, "token-missing");
        assert_eq!(refused.header("content-language"), lang);
        assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
    }
}

#[tokio::test]
async fn slow_posts_of_one_workspace_hold_no_place_of_another() {
    let stage = Stage::with(Options {
        silence: Duration::from_millis(500),
        dispatching: false,
        ..Options::default()
    })
    .await;
    stage.workspace("voisin");
    let hostile = [
        stage.token("voisin", Role::Send),
        stage.token("voisin", Role::Send),
        stage.token("voisin", Role::Send),
    ];
    let post = |workspace: &str, token: &str, body: Body| {
        let request = Request::post(format!("/api/v1/{workspace}/mails?to=a@example.org"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "message/rfc822");
        stage.ask(request.body(body).unwrap())
    };
    // Of no announced length, and never ending.
    let slow = || {
        let drip = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Some((Ok::<_, std::io::Error>(vec![b'x'; 4096]), ()))
        });
        Body::from_stream(Box::pin(drip))
    };
    let posts = hostile
        .iter()
        .cycle()
        .take(32)
        .map(|token| post("voisin", token, slow()));
    let posts = futures_util::future::join_all(posts);
    let ours = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let token = stage.token("default", Role::Send);
        let mime = "From: a@example.org\r\n\r\nt\r\n";
        let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>(mime)]);
        post("default", &token, Body::from_stream(pieces)).await
    };
    tokio::select! {
        answers = posts => panic!("all ended: {}", answers[0].status),
        sent = ours => assert_eq!(sent.status, 202, "{}", sent.json()),
    }
}
