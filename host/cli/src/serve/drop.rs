//! Empties the drop folders: each file is handed to the API as its owner would have handed it to the socket, so that both ways
//! have the same checks and the same key, and a mail that came both ways is accepted once. A file goes when its mail is durable.
//!
//! The threat: whoever is in the group writes anything there, and may change it at any moment. So a file is opened once, without
//! following links, and judged by what is open; its owner is who the system says; nobody's files take more than their share of a
//! look, and no workspace's hold up another's; what cannot be accepted is set aside where only the daemon writes, told in the log
//! and in the audit journal, and listed by `relais drop`.

mod body;
mod judge;
mod open;
mod rejected;
mod scan;
mod told;
mod waiting;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use relais_router::{Router, WorkspaceName};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::spool::Spool;
use crate::dropbox;

use judge::{Verdict, judge};
use scan::{Found, Looks};
use told::Told;
use waiting::Waiting;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(2);
/// Between two times that old rejected files are looked for.
const TIDY: Duration = Duration::from_secs(60 * 60);
/// Why the mail of a removed workspace is set aside.
const REMOVED: &str = "workspace-removed";

/// What all looks share.
#[derive(Clone)]
struct Office {
    router: Arc<Router>,
    app: axum::Router,
    spool: Spool,
    stop: CancellationToken,
}

/// Makes the folder of every workspace, so that mail can be dropped from now on.
pub fn open_all(router: &Router, spool: &Spool) -> Result<Vec<WorkspaceName>, String> {
    let views = router.workspaces().map_err(|error| error.to_string())?;
    let workspaces: Vec<WorkspaceName> = views.into_iter().map(|view| view.name).collect();
    for ws in &workspaces {
        spool.workspace(ws).map_err(|error| format!("{ws}: {error}"))?;
    }
    Ok(workspaces)
}

/// Looks into every drop folder until the daemon ends.
pub async fn pick_up(router: Arc<Router>, app: axum::Router, spool: Spool, stop: CancellationToken) {
    let office = Office {
        router,
        app,
        spool,
        stop: stop.clone(),
    };
    let mut desks: HashMap<WorkspaceName, JoinHandle<Desk>> = HashMap::new();
    let mut told = Told::default();
    let mut tidied: Option<Instant> = None;
    loop {
        if let Err(error) = office.round(&mut desks, &mut told).await {
            tracing::error!(error, "the drop folders could not be read");
        }
        if tidied.is_none_or(|at| at.elapsed() >= TIDY) {
            office.tidy().await;
            tidied = Some(Instant::now());
        }
        tokio::select! {
            () = stop.cancelled() => break,
            () = sleep(EVERY) => {}
        }
    }
    // Each ends with the file that it has.
    for (_, looking) in desks {
        let _ = looking.await;
    }
}

impl Office {
    /// Begins a look for each workspace that has none under way.
    async fn round(&self, desks: &mut HashMap<WorkspaceName, JoinHandle<Desk>>, told: &mut Told) -> Result<(), String> {
        let office = self.clone();
        let opened = spawn_blocking(move || {
            let workspaces = open_all(&office.router, &office.spool)?;
            let closed = office.spool.close_others(&workspaces);
            Ok::<_, String>((workspaces, closed.map_err(|error| error.to_string())?))
        });
        let (workspaces, closed) = opened.await.map_err(|error| error.to_string())??;
        desks.retain(|ws, _| workspaces.contains(ws));
        for ws in workspaces {
            let desk = match desks.remove(&ws) {
                Some(looking) if !looking.is_finished() => {
                    desks.insert(ws, looking);
                    continue;
                }
                Some(looking) => looking.await.unwrap_or_default(),
                None => Desk::default(),
            };
            desks.insert(ws.clone(), tokio::spawn(desk.look(self.clone(), ws)));
        }
        for (ws, folder) in closed {
            self.clear(ws, folder, told).await;
        }
        Ok(())
    }

    /// Sets aside what lies in the folder of a workspace that is no more.
    async fn clear(&self, ws: WorkspaceName, folder: PathBuf, told: &mut Told) {
        let looked = folder.clone();
        let found = spawn_blocking(move || Looks::into_closed().files(&looked)).await;
        let found = found.ok().and_then(Result::ok).unwrap_or_default();
        let aside = !found.is_empty();
        for file in found {
            if let Err(error) = self.set_aside(&ws, &file, REMOVED, told).await {
                tracing::error!(workspace = %ws, %error, "a rejected file could not be moved");
                break;
            }
        }
        if aside {
            self.keep_within_shares(&ws).await;
        }
        // What is left cannot be removed, or comes in the next look.
        let _ = spawn_blocking(move || std::fs::remove_dir(folder)).await;
    }

    /// Lets old rejected files go, of every workspace that ever had any.
    async fn tidy(&self) {
        let folder = dropbox::rejected(self.spool.folder());
        let tidied = spawn_blocking(move || {
            for entry in std::fs::read_dir(folder)?.flatten() {
                forget(&entry.path())?;
            }
            Ok::<_, io::Error>(())
        });
        if let Ok(Err(error)) = tidied.await {
            tracing::error!(%error, "old rejected files could not be removed");
        }
    }

    /// Lets rejected files of a workspace go that are beyond their owners' shares.
    async fn keep_within_shares(&self, ws: &WorkspaceName) {
        let (spool, workspace) = (self.spool.clone(), ws.clone());
        let kept = spawn_blocking(move || forget(&spool.rejected(&workspace)?));
        if let Ok(Err(error)) = kept.await {
            tracing::error!(workspace = %ws, %error, "old rejected files could not be removed");
        }
    }

    /// Sets a file aside, and tells the log and the audit journal. After an error it lies where it was.
    async fn set_aside(&self, ws: &WorkspaceName, file: &Found, reason: &str, told: &mut Told) -> io::Result<()> {
        let (spool, workspace, why, found) = (self.spool.clone(), ws.clone(), reason.to_owned(), file.clone());
        let moved = spawn_blocking(move || rejected::set_aside(&found, &spool.rejected(&workspace)?, &why));
        let Some(name) = moved.await.map_err(io::Error::other)?? else {
            return Ok(());
        };
        let uid = file.uid;
        let Some(untold) = told.one_more(Instant::now()) else {
            tracing::debug!(workspace = %ws, file = name, uid, reason, "a file of the drop folder is rejected");
            return Ok(());
        };
        tracing::warn!(workspace = %ws, file = name, uid, reason, untold, "a file of the drop folder is rejected");
        let (router, workspace, why) = (Arc::clone(&self.router), ws.clone(), reason.to_owned());
        let noted = spawn_blocking(move || router.note_rejected(&workspace, uid, &name, &why, untold));
        if let Ok(Err(error)) = noted.await {
            tracing::error!(workspace = %ws, %error, "a rejected file could not be noted in the audit journal");
        }
        Ok(())
    }
}

/// Lets rejected files of one folder go that are not to be kept, and says in the log how many.
fn forget(folder: &Path) -> io::Result<()> {
    let gone = rejected::forget(folder)?;
    if !gone.is_empty() {
        tracing::warn!(folder = %folder.display(), files = gone.len(), "rejected files are not kept any longer");
    }
    Ok(())
}

/// What is remembered of one drop folder from one look to the next.
#[derive(Debug, Default)]
struct Desk {
    looks: Looks,
    waiting: Waiting,
    told: Told,
}

impl Desk {
    /// One look into the folder: every file that is due is tried.
    async fn look(mut self, office: Office, ws: WorkspaceName) -> Self {
        let (spool, workspace, mut looks) = (office.spool.clone(), ws.clone(), std::mem::take(&mut self.looks));
        let looked = spawn_blocking(move || {
            let found = spool.workspace(&workspace).and_then(|folder| looks.files(&folder));
            (looks, found)
        });
        let found = match looked.await {
            Ok((looks, Ok(found))) => {
                self.looks = looks;
                found
            }
            Ok((_, Err(error))) => {
                tracing::error!(workspace = %ws, %error, "a drop folder could not be read");
                return self;
            }
            // A part that broke off is begun anew.
            Err(_) => return self,
        };
        let mut aside = false;
        for file in found {
            if office.stop.is_cancelled() {
                break;
            }
            if !self.waiting.is_due(&file.identity(), Instant::now()) {
                continue;
            }
            match judge(&office.app, &ws, &file).await {
                Verdict::Accepted => self.accepted(&ws, &file),
                Verdict::Rejected(reason) => {
                    aside = true;
                    match office.set_aside(&ws, &file, &reason, &mut self.told).await {
                        Ok(()) => self.waiting.forget(&file.identity()),
                        Err(error) => self.put_off(&ws, &file, &format!("{reason}; it could not be moved: {error}")),
                    }
                }
                Verdict::Later(reason) => self.put_off(&ws, &file, &reason),
                Verdict::NoneNow(reason) => {
                    self.put_off(&ws, &file, &reason);
                    break;
                }
            }
        }
        if aside {
            office.keep_within_shares(&ws).await;
        }
        self
    }

    fn accepted(&mut self, ws: &WorkspaceName, file: &Found) {
        match file.remove() {
            Ok(()) => self.waiting.forget(&file.identity()),
            // It is found again, and its key says that it was accepted.
            Err(error) => self.put_off(ws, file, &format!("it is accepted, and could not be removed: {error}")),
        }
    }

    fn put_off(&mut self, ws: &WorkspaceName, file: &Found, reason: &str) {
        if self.waiting.put_off(file.identity(), Instant::now()) {
            tracing::warn!(workspace = %ws, file = file.name(), uid = file.uid, reason, "a file of the drop folder has to wait");
        }
    }
}
