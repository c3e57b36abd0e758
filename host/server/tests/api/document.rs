//! The document that describes the API.

use axum::body::Body;
use http::Request;
use serde_json::Value;

use super::support::Stage;

async fn document(stage: &Stage) -> Value {
    stage
        .ask(Request::get("/openapi.json").body(Body::empty()).unwrap())
        .await
        .json()
}

#[tokio::test]
async fn every_operation_has_an_id_of_its_own_and_says_how_it_can_be_refused() {
    let stage = Stage::new().await;
    let document = document(&stage).await;
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(key, _)| *key != "parameters") {
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            for status in ["400", "401", "403", "404", "406", "409", "413", "422", "429"] {
                let refused = &operation["responses"][status]["content"]["application/problem+json"];
                assert!(refused.is_object(), "{method} {path}: {status}");
            }
            assert_eq!(
                operation["responses"]["415"].is_object(),
                operation["requestBody"].is_object(),
                "{method} {path}"
            );
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
    assert!(all >= 38, "{all}");
}

#[tokio::test]
async fn every_reference_in_the_document_leads_somewhere() {
    let stage = Stage::new().await;
    let document = document(&stage).await;
    let mut waiting = vec![&document];
    let mut seen = 0;
    while let Some(value) = waiting.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(reference)) = fields.get("$ref") {
                    let pointer = reference.strip_prefix('#').unwrap();
                    assert!(document.pointer(pointer).is_some(), "{reference}");
                    seen += 1;
                }
                waiting.extend(fields.values());
            }
            Value::Array(values) => waiting.extend(values),
            _ => {}
        }
    }
    assert!(seen > 100, "{seen}");
}

#[tokio::test]
async fn the_page_to_try_it_is_served() {
    let stage = Stage::new().await;
    let page = stage.ask(Request::get("/docs/").body(Body::empty()).unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(String::from_utf8(page.bytes).unwrap().contains("swagger"));
}
