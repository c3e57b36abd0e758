//! A data folder, a connector, and requests.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use relais_manifest::{Manifest, embed};
use relais_router::{
    InstanceName, New, NewToken, Paths, Role, Router, ServiceInstanceName, TokenName, Who, WorkspaceEdit, WorkspaceName,
};
use relais_sandbox::Config;
use relais_server::{Options, Peer, app};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

const MANIFEST: &str = r#"
manifest-version = 1
id = "relais/quiet"
version = "1.0.0"
name = { fr = "Muet", en = "Quiet" }

[services.mail]

[[parameters]]
id = "host"
type = "host"
label = { fr = "Serveur", en = "Server" }
required = true

[[parameters]]
id = "password"
type = "secret"
label = { fr = "Mot de passe", en = "Password" }

[[parameters]]
id = "sender"
type = "email"
label = { en = "Sender" }
role = "sender"

[[egress]]
to = "tcp://{host}:25"
"#;

/// A connector that answers every call with an empty success.
pub fn component() -> Vec<u8> {
    let component = wat::parse_str(include_str!("../../../router/tests/quiet.wat")).unwrap();
    embed::pack(&component, &Manifest::from_toml(MANIFEST).unwrap()).unwrap()
}

pub const ROOT: Who = Who::Local { uid: 0 };

pub fn ws(name: &str) -> WorkspaceName {
    WorkspaceName::new(name).unwrap()
}

/// The application, and what is under it.
pub struct Stage {
    pub router: Arc<Router>,
    pub app: axum::Router,
    _root: TempDir,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    /// Asserts that it is a problem of this status and code, and gives it.
    #[track_caller]
    pub fn is(&self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!(
            (self.status.as_u16(), problem["code"].as_str()),
            (status, Some(code)),
            "{problem}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["type"], format!("urn:relais:problem:{code}"));
        assert_eq!(problem["status"], status);
        assert!(!problem["detail"].as_str().unwrap().is_empty());
        problem
    }
}

impl Stage {
    pub async fn new() -> Self {
        Self::with(Options {
            dispatching: false,
            ..Options::default()
        })
        .await
    }

    pub async fn with(options: Options) -> Self {
        let root = tempfile::tempdir().unwrap();
        let sandbox = Config {
            sessions: 2,
            ..Config::default()
        };
        let router = Router::open(Paths::default_for(root.path().join("data")), sandbox)
            .await
            .unwrap();
        let router = Arc::new(router);
        router.install(&ROOT, Some(&ws("default")), component()).await.unwrap();
        let stage = Self {
            app: app(router.clone(), options),
            router,
            _root: root,
        };
        stage.instance("default", "quiet");
        stage
    }

    /// An instance that is the default of its workspace.
    pub fn instance(&self, workspace: &str, name: &str) {
        let new = New {
            connector: "relais/quiet".to_owned(),
            values: [("host", "smtp.example.org"), ("sender", "ged@example.org")]
                .map(|(id, value)| (id.to_owned(), value.into()))
                .into(),
            ..New::default()
        };
        let name = InstanceName::new(name).unwrap();
        self.router.create_instance(&ROOT, &ws(workspace), &name, new).unwrap();
        self.router.set_default(&ROOT, &ws(workspace), "mail", &name).unwrap();
    }

    /// Another workspace, with an instance of its own.
    pub fn workspace(&self, name: &str) {
        self.router
            .create_workspace(&ROOT, &ws(name), WorkspaceEdit::default())
            .unwrap();
        self.router.enable_connector(&ROOT, &ws(name), "relais/quiet").unwrap();
        self.instance(name, &format!("of-{name}"));
    }

    pub fn token(&self, workspace: &str, role: Role) -> String {
        self.token_for(workspace, role, None).0
    }

    /// A token and its id.
    pub fn token_for(&self, workspace: &str, role: Role, service_instance: Option<&str>) -> (String, String) {
        let count = self.router.tokens(&ws(workspace)).unwrap().len();
        let new = NewToken {
            name: TokenName::new(&format!("t{count}")).unwrap(),
            role,
            service_instance: service_instance.map(|name| ServiceInstanceName::new(name).unwrap()),
            expires_at: None,
        };
        let (view, secret) = self.router.create_token(&ROOT, &ws(workspace), new).unwrap();
        (secret.reveal().to_owned(), view.id)
    }

    /// A request of whoever holds a token.
    pub async fn call(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("accept-language", "en");
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let body = match body {
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        self.ask(request.body(body).unwrap()).await
    }

    /// A request of this machine's root.
    pub async fn local(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("accept-language", "en")
            .extension(Peer::Process { uid: 0 });
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
        self.ask(request.body(body).unwrap()).await
    }

    /// Posts a mail in the workspace `default`.
    pub async fn post(&self, token: &str, query: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::post(format!("/api/v1/default/mails{query}"))
            .header("authorization", format!("Bearer {token}"))
            .header("accept-language", "en")
            .header("content-type", content_type)
            .body(body.into())
            .unwrap();
        self.ask(request).await
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        Answer {
            status: parts.status,
            headers: parts.headers,
            bytes: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    /// How many deliveries there are in the workspace.
    pub async fn stored(&self, workspace: &str) -> usize {
        let listed = self.local(Method::GET, &format!("{workspace}/deliveries"), None).await;
        listed.json()["deliveries"].as_array().unwrap().len()
    }

    /// The message of a delivery, as it is exported.
    pub async fn eml(&self, id: &str) -> String {
        let answer = self
            .local(Method::GET, &format!("default/deliveries/{id}/message"), None)
            .await;
        assert_eq!(answer.status, 200);
        String::from_utf8(answer.bytes).unwrap()
    }
}

pub fn mail() -> Value {
    json!({"from": "Mairie <mairie@example.org>", "to": ["a@example.org"], "subject": "Été", "text": "Bonjour"})
}
