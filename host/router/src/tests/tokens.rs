use jiff::{SignedDuration, Timestamp};

use super::admin::*;
use super::*;
use crate::names::TokenName;
use crate::store::TokenRow;
use crate::tokens::{NewToken, Role, TOKENS};

#[tokio::test]
async fn a_token_is_shown_once_and_only_its_digest_is_kept() {
    let house = House::new().await;
    let (id, secret) = house.token("crm", Role::Send, None).unwrap();
    assert!(secret.starts_with("relais_") && secret.len() == 50, "{}", secret.len());
    assert!(
        id.len() == 8
            && id
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    );
    let token = house.router.authenticate(&secret).unwrap();
    assert_eq!(
        (token.name.as_str(), token.role, token.workspace.clone()),
        ("crm", Role::Send, ws())
    );
    assert_eq!(token.who().to_string(), format!("token crm ({id})"));
    let house = house.reopened().await;
    assert!(house.router.authenticate(&secret).is_some());
    let database = std::fs::read(house.router.data().join("relais.redb")).unwrap();
    let clear = secret.strip_prefix("relais_").unwrap().as_bytes();
    assert!(!database.windows(clear.len()).any(|bytes| bytes == clear));
}

#[tokio::test]
async fn what_is_not_exactly_a_token_is_none() {
    let house = House::new().await;
    let (_, secret) = house.token("crm", Role::Send, None).unwrap();
    let other = format!("relais_{}", "A".repeat(43));
    let cut = &secret[..49];
    let longer = format!("{secret}A");
    let last = if secret.ends_with('A') { "Q" } else { "A" };
    let changed = format!("{cut}{last}");
    for wrong in ["", "relais_", cut, &longer, &changed, &other, &secret.to_uppercase()] {
        assert!(house.router.authenticate(wrong).is_none(), "{wrong}");
    }
}

#[tokio::test]
async fn a_revoked_token_is_good_for_nothing_at_once_and_stays_listed() {
    let house = House::new().await;
    let (id, secret) = house.token("crm", Role::Admin, None).unwrap();
    assert_eq!(house.token("crm", Role::Send, None).unwrap_err().code(), "token-exists");
    let revoked = house.router.revoke_token(&who(), &ws(), &id).unwrap();
    assert!(house.router.authenticate(&secret).is_none());
    // Again changes nothing, not even when.
    let again = house.router.revoke_token(&who(), &ws(), &id).unwrap();
    assert_eq!(again.revoked_at, revoked.revoked_at);
    house.token("crm", Role::Send, None).unwrap();
    let house = house.reopened().await;
    assert!(house.router.authenticate(&secret).is_none());
    let views = house.router.tokens(&ws()).unwrap();
    assert_eq!(
        views.iter().map(|view| view.revoked_at.is_some()).collect::<Vec<_>>(),
        [true, false]
    );
    let unknown = house.router.revoke_token(&who(), &ws(), "nonesuch").unwrap_err();
    assert_eq!(unknown.code(), "token-unknown");
}

#[tokio::test]
async fn a_token_that_expired_is_none() {
    let house = House::new().await;
    let until = |at| NewToken {
        name: TokenName::new("brief").unwrap(),
        role: Role::Send,
        service_instance: None,
        expires_at: Some(at),
    };
    let now = Timestamp::now();
    let past = house.router.create_token(&who(), &ws(), until(now)).unwrap_err();
    assert_eq!(past.code(), "settings-invalid");
    let soon = now + SignedDuration::from_millis(300);
    let (_, secret) = house.router.create_token(&who(), &ws(), until(soon)).unwrap();
    assert!(house.router.authenticate(secret.reveal()).is_some());
    tokio::time::sleep(std::time::Duration::from_millis(350)).await;
    assert!(house.router.authenticate(secret.reveal()).is_none());
}

#[tokio::test]
async fn a_token_that_administers_is_not_bound_and_a_bound_one_names_what_is_there() {
    let house = House::new().await;
    let admin = house.token("crm", Role::Admin, Some("bills")).unwrap_err();
    assert_eq!(admin.code(), "token-admin-bound");
    let unknown = house.token("crm", Role::Send, Some("bills")).unwrap_err();
    assert_eq!(unknown.code(), "service-instance-unknown");
}

#[tokio::test]
async fn when_a_token_was_used_last_survives_without_a_write_for_each_use() {
    let house = House::new().await;
    let (_, secret) = house.token("crm", Role::Send, None).unwrap();
    let used = |house: &House| house.router.tokens(&ws()).unwrap()[0].last_used_at;
    assert_eq!(used(&house), None);
    for _ in 0..100 {
        house.router.authenticate(&secret).unwrap();
    }
    let seen = used(&house);
    let stored = |house: &House| {
        let rows: Result<_, Error> = house.router.read(|tables| Ok(tables.tokens(&ws())?));
        rows.unwrap()[0].1.last_used_at
    };
    assert!(seen.is_some());
    assert_eq!(stored(&house), None);
    house.router.note_token_uses().unwrap();
    assert_eq!(stored(&house), seen);
    house.router.authenticate(&secret).unwrap();
    let seen = used(&house);
    // The end of the process is a time to write it down, too.
    assert_eq!(stored(&house.reopened().await), seen);
}

#[tokio::test]
async fn a_workspace_has_so_many_tokens_and_the_longest_revoked_makes_room() {
    let house = House::new().await;
    let now = Timestamp::now();
    let row = |name: String, revoked_at| TokenRow {
        sha256: crate::store::sha256(name.as_bytes()),
        name,
        role: Role::Send,
        service_instance: None,
        created_at: now,
        expires_at: None,
        last_used_at: None,
        revoked_at,
    };
    let fill = |revoked: Option<usize>| {
        house
            .router
            .change(|tables| {
                for number in 0..TOKENS {
                    let revoked = (revoked == Some(number)).then_some(now);
                    tables.put_token(&ws(), &format!("{number:08}"), &row(format!("t{number}"), revoked))?;
                }
                Ok(())
            })
            .unwrap();
    };
    fill(None);
    assert_eq!(
        house.token("crm", Role::Send, None).unwrap_err().code(),
        "tokens-too-many"
    );
    fill(Some(7));
    house.token("crm", Role::Send, None).unwrap();
    let views = house.router.tokens(&ws()).unwrap();
    assert!(views.len() == TOKENS && views.iter().all(|view| view.name != "t7"));
}
