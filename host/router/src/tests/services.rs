use super::*;

#[tokio::test]
async fn the_default_of_a_service_is_not_removed_and_the_service_is_named() {
    let bench = Bench::new().await;
    bench.create("smtp", with_password()).unwrap();
    bench
        .store
        .write(|tables| tables.put_default(&bench.ws, "mail", &instance("smtp")))
        .unwrap();
    assert_eq!(bench.view("smtp").default_of, ["mail"]);
    let refused = bench
        .store
        .write(|tables| uses::remove(tables, &bench.ws, &instance("smtp")))
        .unwrap_err();
    assert_eq!(refused.code(), "instance-in-use");
    assert!(!refused.bad_input());
    assert!(refused.to_string().contains("`mail`"), "{refused}");
    let bench = bench.reopened().await;
    assert_eq!(
        bench.store.read(|tables| tables.default_of(&bench.ws, "mail")).unwrap(),
        Some(instance("smtp"))
    );
    bench
        .store
        .write(|tables| tables.remove_default(&bench.ws, "mail"))
        .unwrap();
    bench
        .store
        .write(|tables| uses::remove(tables, &bench.ws, &instance("smtp")))
        .unwrap();
}

#[tokio::test]
async fn a_default_belongs_to_one_workspace() {
    let bench = Bench::new().await;
    let other = WorkspaceName::new("other").unwrap();
    bench
        .store
        .write(|tables| tables.put_default(&other, "mail", &instance("smtp")))
        .unwrap();
    assert_eq!(
        bench.store.read(|tables| tables.default_of(&bench.ws, "mail")).unwrap(),
        None
    );
    assert!(
        bench
            .store
            .read(|tables| tables.defaults(&bench.ws))
            .unwrap()
            .is_empty()
    );
    assert_eq!(bench.store.read(|tables| tables.defaults(&other)).unwrap().len(), 1);
}
