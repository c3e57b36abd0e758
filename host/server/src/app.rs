//! The application: every route, and what stands around them.

use std::fmt;
use std::sync::Arc;

use axum::middleware::{from_fn, from_fn_with_state};
use relais_router::{Error, Router};

use crate::options::Options;
use crate::places::Places;
use crate::rate::Limiter;
use crate::refusal::{self, Refusal};
use crate::{accept, caller, document, routes};

/// What every handler has.
pub struct App {
    pub router: Arc<Router>,
    pub options: Options,
    pub limiter: Arc<Limiter>,
    /// Held while a large mail is received.
    pub large: Arc<Places>,
    /// Held by each stream of events.
    pub watchers: Arc<Places>,
}

/// The state of the application.
pub type Shared = Arc<App>;

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl App {
    fn new(router: Arc<Router>, options: Options) -> Self {
        Self {
            limiter: options
                .limiter
                .clone()
                .unwrap_or_else(|| Arc::new(Limiter::new(options.per_second, options.burst))),
            large: Arc::new(Places::new(options.large)),
            watchers: Arc::new(Places::new(options.watchers)),
            router,
            options,
        }
    }

    /// Work of the router that waits for the disk, away from the threads that serve connections.
    pub async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Router) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Refusal> {
        let router = Arc::clone(&self.router);
        match tokio::task::spawn_blocking(move || work(&router)).await {
            Ok(done) => Ok(done?),
            Err(_) => Err(Error::Stopped.into()),
        }
    }
}

/// The whole application over one router. Whoever serves it puts a [`crate::Peer`] in each request's extensions; without
/// one, only a token lets in.
pub fn app(router: Arc<Router>, options: Options) -> axum::Router {
    let shared = Arc::new(App::new(router, options));
    let (api, described) = routes::api(&shared.options).split_for_parts();
    let api = api
        .layer(from_fn_with_state(Arc::clone(&shared), caller::enter))
        .layer(from_fn(accept::check));
    api.merge(document::routes(described))
        .merge(routes::sight::routes())
        .merge(routes::oauth::routes())
        .fallback(refusal::no_route)
        .method_not_allowed_fallback(refusal::no_method)
        .layer(from_fn(routes::sight::only))
        .layer(from_fn(refusal::render))
        .with_state(shared)
}
