//! The daemon is killed at every step of a renewal, while mails wait for it. Where the provider goes on taking the old refresh token
//! the account comes back by itself; where it does not, the account is well or says why it is not, and the contact is told. No mail
//! is lost, and none is sent twice.

use std::io::Write as _;
use std::time::Duration;

use relais_e2e::dialogue::Dialogue;
use relais_e2e::oauth::Setup;

use crate::site::{CONVOCATIONS, Site};

/// Kills in the moment in which the answer arrives, after those of the other steps.
const ANSWERED: usize = 20;
/// How long it may have arrived for by then at most: the time in which it is written down lies within.
const MOMENT: Duration = Duration::from_millis(12);

/// Where a renewal is when the daemon is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// About to ask: the provider does nothing.
    Asking,
    /// The provider has the request, and did nothing yet.
    Unserved,
    /// The provider has replaced the refresh token, and has not answered.
    Served,
    /// The answer is arriving, or has just arrived.
    Answered,
}

fn steps() -> Vec<Step> {
    let first = [Step::Asking, Step::Unserved, Step::Served];
    let answered = std::iter::repeat_n(Step::Answered, ANSWERED);
    [first, first].concat().into_iter().chain(answered).collect()
}

fn pause(most: Duration) {
    std::thread::sleep(most.mul_f64(fastrand::f64()));
}

/// Kills the daemon at that step while it renews the account for two mails, and starts it again. The ids of the mails.
fn cut(site: &mut Site, step: Step, round: usize) -> [String; 2] {
    let renewing = ["account", "renew", "office"];
    let mails = |site: &Site| ["un", "deux"].map(|which| site.send(Some(CONVOCATIONS), &format!("{round:02} {which}")));
    let when = match step {
        Step::Asking | Step::Unserved => "before",
        Step::Served | Step::Answered => "after",
    };
    site.oauth.distrust();
    site.oauth.hold("refresh", when);
    let asking = Dialogue::begin(&mut site.relais.command(&renewing));
    let ids = mails(site);
    match step {
        Step::Asking => pause(4 * MOMENT),
        Step::Unserved | Step::Served => site.oauth.wait_for_held(),
        Step::Answered => {
            site.oauth.wait_for_held();
            site.oauth.release();
            pause(MOMENT);
        }
    }
    site.relais.kill();
    drop(asking);
    // The provider sees that nobody is there before it goes on.
    std::thread::sleep(Duration::from_millis(50));
    site.oauth.calm();
    site.oauth.release();
    site.relais.serve();
    ids
}

/// Waits until the mails are sent. Of those that may have left before the kill an administrator says what became of them.
async fn settle(site: &Site, ids: &[String; 2], round: usize) {
    for (id, which) in ids.iter().zip(["un", "deux"]) {
        let over = |site: &Site| {
            ["sent", "uncertain"]
                .map(Into::into)
                .contains(&site.delivery(id)["state"])
        };
        site.until(&format!("over: {id}"), over).await;
        if site.delivery(id)["state"] == "uncertain" {
            match site.by_graph().contains(&format!("{round:02} {which}")) {
                true => site.relais.does(&["delivery", "close", id, "--sent"]),
                false => site.relais.does(&["delivery", "resend", id]),
            };
        }
        site.becomes(id, "sent").await;
    }
}

fn assert_each_once(site: &Site, rounds: usize) {
    let mut expected: Vec<String> = (0..rounds)
        .flat_map(|round| ["un", "deux"].map(|which| format!("{round:02} {which}")))
        .collect();
    expected.sort();
    assert_eq!(site.by_graph(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_comes_back_by_itself_wherever_its_renewal_is_cut_where_the_old_token_is_still_taken() {
    let Some(mut site) = Site::start(Setup::graph()).await else {
        return;
    };
    site.associate();
    let steps = steps();
    for (round, step) in steps.iter().enumerate() {
        let ids = cut(&mut site, *step, round);
        settle(&site, &ids, round).await;
        assert_eq!(site.account()["state"], "associated", "{step:?}\n{}", site.relais.log());
    }
    assert_each_once(&site, steps.len());
    assert_eq!((site.alerts(), site.oauth.requests("device")), (0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_old_token_is_not_taken_the_account_is_well_or_says_why_not_and_the_contact_is_told() {
    let setup = Setup {
        lenient: false,
        ..Setup::graph()
    };
    let Some(mut site) = Site::start(setup).await else {
        return;
    };
    site.associate();
    let steps = steps();
    let mut lost = Vec::new();
    for (round, step) in steps.iter().enumerate() {
        let before = site.account()["renewed_at"].clone();
        let ids = cut(&mut site, *step, round);
        // A renewal that was begun is ended by the next start, whether a mail needs it or not.
        site.until("decided", |site| {
            let account = site.account();
            account["state"] == "reconnect" || account["renewed_at"] != before || *step == Step::Asking
        })
        .await;
        let account = site.account();
        if account["state"] == "reconnect" {
            lost.push(*step);
            let problem = &account["problem"];
            let words = problem["message"].as_str().unwrap();
            assert!(
                problem["code"] == "renewal-interrupted" && words.contains("AADSTS"),
                "{step:?}: {problem}"
            );
            site.until("told", |site| site.alerts() == lost.len()).await;
            site.associate();
        }
        settle(&site, &ids, round).await;
        assert_eq!(site.account()["state"], "associated", "{step:?}\n{}", site.relais.log());
    }
    assert_each_once(&site, steps.len());
    assert_eq!(site.alerts(), lost.len());
    let count = |step: Step| lost.iter().filter(|found| **found == step).count();
    // Where the provider did nothing nothing is lost; where it did and could not answer, nobody can help.
    assert_eq!(
        (count(Step::Asking), count(Step::Unserved), count(Step::Served)),
        (0, 0, 2),
        "{}",
        site.relais.log()
    );
    let _ = writeln!(
        std::io::stderr(),
        "killed in the moment of the answer: {} of {ANSWERED} accounts lost, with a word",
        count(Step::Answered)
    );
}
