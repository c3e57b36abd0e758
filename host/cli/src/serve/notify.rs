//! What systemd is told (sd_notify(3)); nothing where it did not start the daemon.

use std::sync::Arc;
use std::time::Duration;

use relais_router::Router;
use sd_notify::NotifyState;
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

/// It is up: sockets are open, and what waits is being sent.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// It is ending.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

/// Tells systemd, twice as often as it wants, that the daemon lives: that this runtime turns and the store answers. Whether the
/// answer is good says the readiness, and a restart would not make it better.
pub async fn watchdog(router: Arc<Router>, stop: CancellationToken) {
    let Some(every) = sd_notify::watchdog_enabled() else {
        return;
    };
    let half = (every / 2).max(Duration::from_millis(1));
    let mut ticks = interval(half);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        let asked = Arc::clone(&router);
        let answered = tokio::task::spawn_blocking(move || asked.workspaces().map(drop));
        match timeout(half, answered).await {
            Ok(_) => tell(&[NotifyState::Watchdog]),
            Err(_) => tracing::error!("the store does not answer"),
        }
    }
}
