//! What the server gave away, and answers that it holds back.

use serde_json::json;

use super::OAuth;
use crate::PATIENCE;
use crate::process::until;

impl OAuth {
    /// Whether a resource takes this access token now.
    pub fn accepts(&self, token: &str) -> bool {
        let answer = self.order(json!({ "order": "accepts", "token": token }));
        answer.as_bool().expect("a yes or a no")
    }

    /// No resource takes an access token that was given until now. Refresh tokens go on being good.
    pub fn distrust(&self) {
        self.order(json!({ "order": "distrust" }));
    }

    /// Every secret that went over the wire, as its kind and its value: tokens, codes, verifiers, assertions, client secrets.
    pub fn secrets(&self) -> Vec<(String, String)> {
        serde_json::from_value(self.order(json!({ "order": "secrets" }))).expect("the server's own format")
    }

    /// The next request of a kind waits for [`release`](Self::release): `before` anything is done, or `after` all is done and only
    /// the answer is missing. Whoever is gone by then was not served `before`.
    pub fn hold(&self, kind: &str, when: &str) {
        self.fault(kind, json!({ "hold": when }), 1);
    }

    /// Waits until a request is held.
    pub fn wait_for_held(&self) {
        let held = until(PATIENCE, || {
            self.order(json!({ "order": "held" })).as_u64().filter(|held| *held > 0)
        });
        assert!(held.is_some(), "nothing is held: {:?}", self.seen());
    }

    /// What is held goes on.
    pub fn release(&self) {
        self.order(json!({ "order": "release" }));
    }
}
