//! The claims that every implementation of the interfaces is held to, wherever its objects live.
//!
//! Each function panics where a claim does not hold. A test gives it the implementation, in process or behind a
//! proxy, and a runtime.
//!
//! [`recorder`] gives objects of every interface whose answers depend on all that they are told, so that
//! [`check_every_method`] and [`Walk`] find whatever a proxy loses or changes.

mod compare;
mod crossing;
mod draw;
mod objects;
mod recorder;
mod rows;
mod values;

use std::sync::Arc;

pub use compare::{Walk, check_every_method, interfaces_of_results};
pub use recorder::recorder;

use crate::{Echo, Init};

/// Checks all that an [`Init`] makes.
///
/// # Panics
/// A claim does not hold.
pub async fn check_init(init: Arc<dyn Init>) {
    echo_returns_its_argument(&*init).await;
    objects_are_independent(&*init).await;
    one_object_serves_many_callers_at_once(&*init).await;
    object_outlives_what_made_it(init).await;
}

async fn make_echo(init: &dyn Init) -> Arc<dyn Echo> {
    init.make_echo().await.expect("make_echo gives an object")
}

async fn check_echo(echo: &dyn Echo, text: String) {
    let answer = echo.echo(text.clone()).await.expect("echo gives an answer");
    assert!(answer == text, "{} bytes came back changed", text.len());
}

async fn echo_returns_its_argument(init: &dyn Init) {
    let echo = make_echo(init).await;
    let rows = [
        String::new(),
        "hello".to_owned(),
        "₿ 😀 \u{0}\n\\\"%s".to_owned(),
        "x".repeat(1 << 20),
        // Longer than what is copied into messages, and no whole words of it.
        (0..20_000).map(|number| number.to_string()).collect(),
    ];
    for text in rows {
        check_echo(&*echo, text).await;
    }
}

async fn objects_are_independent(init: &dyn Init) {
    let first = make_echo(init).await;
    let second = make_echo(init).await;
    drop(first);
    check_echo(&*second, "second".to_owned()).await;
}

async fn one_object_serves_many_callers_at_once(init: &dyn Init) {
    let echo = make_echo(init).await;
    let callers = (0..32).map(|number: u32| check_echo(&*echo, number.to_string()));
    futures::future::join_all(callers).await;
}

async fn object_outlives_what_made_it(init: Arc<dyn Init>) {
    let echo = make_echo(&*init).await;
    drop(init);
    check_echo(&*echo, "still here".to_owned()).await;
}
