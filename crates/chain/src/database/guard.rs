//! What becomes of panics while a store is used.
//!
//! Seals find damage before the store sees it. Where it nevertheless runs into something that it takes for its own mistake,
//! as in a file that was made to deceive, it panics. That must neither end a thread that others wait for nor be written to
//! a terminal: it is one more way in which a store is damaged. A panic of our own code between is no damage, and stays a
//! panic.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, resume_unwind};

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
    /// Whose the last panic was, as far as somebody has told.
    static WHOSE: Cell<Option<Whose>> = const { Cell::new(None) };
}

/// Whose code panics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Stores,
    Others,
}

/// Whether a panic of this thread is the store's and is taken care of, so that nobody else need be told.
///
/// The process's panic hook asks. Where none does, all panics while a store is used are taken for the store's.
#[must_use]
pub fn is_guarded(panic: &PanicHookInfo<'_>) -> bool {
    if !IS_GUARDED.get() {
        return false;
    }
    let whose = panic
        .location()
        .map_or(Whose::Stores, |location| whose(location.file()));
    WHOSE.set(Some(whose));
    whose == Whose::Stores
}

/// Whose a source file is. The standard library panics in a place of its own for want of memory alone, or because of what
/// it was handed: by the store, which hands it what it has read.
fn whose(file: &str) -> Whose {
    let mut parts = file.split(['/', '\\']);
    match parts
        .any(|part| part == "redb" || part.starts_with("redb-") || part == "rustc" || part == "library")
    {
        true => Whose::Stores,
        false => Whose::Others,
    }
}

/// A panic that was caught.
#[derive(Debug)]
pub(super) struct Panicked {
    whose: Whose,
    payload: Box<dyn Any + Send>,
}

impl Panicked {
    /// Why the store is damaged, if it is the store that panicked. Other panics go on.
    pub(super) fn into_damage(self) -> String {
        match self.whose {
            Whose::Stores => format!("its pages do not fit together ({})", text(&*self.payload)),
            Whose::Others => self.go_on(),
        }
    }

    pub(super) fn is_of_store(&self) -> bool {
        self.whose == Whose::Stores
    }

    /// Panics as before, without telling anybody again.
    pub(super) fn go_on(self) -> ! {
        WHOSE.set(Some(self.whose));
        resume_unwind(self.payload)
    }
}

/// Does something that may panic. What it has changed until then must not be used any more.
pub(super) fn catch<T>(act: impl FnOnce() -> T) -> Result<T, Panicked> {
    let was_guarded = IS_GUARDED.replace(true);
    WHOSE.set(None);
    let outcome = catch_unwind(AssertUnwindSafe(act));
    IS_GUARDED.set(was_guarded);
    outcome.map_err(|payload| Panicked {
        whose: WHOSE.take().unwrap_or(Whose::Stores),
        payload,
    })
}

fn text(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no reason is given",
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::panic;
    use std::sync::Once;

    use redb::TableDefinition;

    use super::*;

    /// Lets the panic hook ask whose panics are, as a node's does.
    pub(in super::super) fn ask_from_hook() {
        static ASKS: Once = Once::new();
        ASKS.call_once(|| {
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                if !is_guarded(panic) {
                    usual(panic);
                }
            }));
        });
    }

    /// Panics in the store's own code.
    pub(in super::super) fn panic_in_store() {
        let _nameless: TableDefinition<'_, u32, u32> = TableDefinition::new(std::hint::black_box(""));
    }

    #[test]
    fn a_panic_of_the_store_becomes_an_error_with_its_text() {
        ask_from_hook();
        let outcome = catch(|| {
            assert!(IS_GUARDED.get());
            catch(|| assert!(IS_GUARDED.get())).unwrap();
            assert!(IS_GUARDED.get());
            panic_in_store();
        });
        assert!(!IS_GUARDED.get());
        assert_eq!(
            outcome.unwrap_err().into_damage(),
            "its pages do not fit together (assertion failed: !name.is_empty())"
        );
    }

    #[test]
    fn a_panic_of_our_own_goes_on_as_it_is() {
        ask_from_hook();
        let outcome = catch(|| {
            let numbers = [1, 2];
            assert!(numbers[0] > numbers[1], "one is not above two");
        });
        let outcome = catch(|| outcome.unwrap_err().go_on());
        let panicked: Panicked = outcome.map(|never: ()| never).unwrap_err();
        assert!(!panicked.is_of_store());
        let payload = catch_unwind(AssertUnwindSafe(|| panicked.into_damage())).unwrap_err();
        assert_eq!(text(&*payload), "one is not above two");
    }

    #[test]
    fn a_source_file_says_whose_it_is() {
        for file in [
            "/home/me/.cargo/registry/src/index/redb-3.1.0/src/db.rs",
            r"C:\cargo\redb-3.1.0\src\db.rs",
            "vendor/redb/src/db.rs",
            "/rustc/abc/library/alloc/src/raw_vec.rs",
            "library/core/src/option.rs",
        ] {
            assert_eq!(whose(file), Whose::Stores, "{file}");
        }
        for file in [
            "crates/chain/src/coins/database.rs",
            r"crates\chain\src\database\sealed.rs",
            "/home/me/.cargo/registry/src/index/bitcoin-0.32.1/src/lib.rs",
        ] {
            assert_eq!(whose(file), Whose::Others, "{file}");
        }
    }
}
