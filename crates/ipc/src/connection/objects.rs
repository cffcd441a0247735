//! The objects of one connection, and their end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::LocalBoxFuture;

/// Objects that a peer may have at once on one connection.
pub(crate) const MAX_OBJECTS: usize = 10_000;

/// How long an object may take to end the calls that wait, before it is dropped regardless.
const END_WITHIN: Duration = Duration::from_secs(1);

/// An interface, as the trait of its objects, that this process can serve.
pub(crate) trait Servable: Send + Sync + 'static {
    /// What makes calls on the object end that wait for something, where there is a way. It must end before the last
    /// other reference to the object does.
    fn end_waits(object: &Arc<Self>) -> Option<LocalBoxFuture<'static, ()>> {
        let _ = object;
        None
    }
}

/// An object that is kept, of any interface.
trait Kept: Send {
    fn end_waits(&self) -> Option<LocalBoxFuture<'static, ()>>;
}

impl<I: ?Sized + Servable> Kept for Arc<I> {
    fn end_waits(&self) -> Option<LocalBoxFuture<'static, ()>> {
        I::end_waits(self)
    }
}

/// Owns what the peer may call. Belongs to the IPC thread, but drops nothing there: an object's end may take its time.
#[derive(Default)]
pub(crate) struct Objects {
    objects: RefCell<BTreeMap<Key, Box<dyn Kept>>>,
    last: Cell<u64>,
}

/// An object in use. Its reference may be the last when the use ends: the object was destroyed or its peer lost
/// meanwhile.
pub(crate) struct Held<I: ?Sized + Send + Sync + 'static>(Option<Arc<I>>);

/// An object's place in the order of making.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(u64);

impl Objects {
    pub(crate) fn insert<I: ?Sized + Servable>(&self, object: Arc<I>) -> Key {
        self.last.set(self.last.get() + 1);
        let key = Key(self.last.get());
        self.objects.borrow_mut().insert(key, Box::new(object));
        key
    }

    pub(crate) fn count(&self) -> usize {
        self.objects.borrow().len()
    }

    pub(crate) fn are_too_many(&self) -> bool {
        self.count() >= MAX_OBJECTS
    }

    /// Drops an object, on which no calls wait any more then, and waits until it is dropped.
    pub(crate) async fn destroy(&self, key: Key) {
        let object = self.objects.borrow_mut().remove(&key);
        if let Some(object) = object {
            drop_in_order(vec![object]).await;
        }
    }

    /// Drops all objects, last made first, on which no calls wait any more then.
    pub(crate) async fn clear(&self) {
        let objects = self.objects.take();
        drop_in_order(objects.into_values().rev().collect()).await;
    }
}

impl<I: ?Sized + Send + Sync + 'static> Held<I> {
    /// Holds `object`, and gives a reference to use, which must end before this does.
    pub(crate) fn new(object: Arc<I>) -> (Self, Arc<I>) {
        let used = Arc::clone(&object);
        (Self(Some(object)), used)
    }
}

impl<I: ?Sized + Send + Sync + 'static> Drop for Held<I> {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            release(object);
        }
    }
}

/// Drops a reference: at once where others are left, which costs nothing, otherwise elsewhere.
pub(super) fn release<I: ?Sized + Send + Sync + 'static>(object: Arc<I>) {
    if Arc::strong_count(&object) == 1 {
        tokio::task::spawn_blocking(move || drop(object));
    }
}

async fn drop_in_order(objects: Vec<Box<dyn Kept>>) {
    // A method that was called just before has to have begun to wait, to hear that it is to end.
    tokio::task::yield_now().await;
    let ending = async {
        for object in &objects {
            if let Some(ending) = object.end_waits() {
                ending.await;
            }
        }
    };
    // Waits that are late to end keep their object until they do.
    let _ = tokio::time::timeout(END_WITHIN, ending).await;
    // An object whose drop panics is gone like the others.
    let _ = tokio::task::spawn_blocking(move || objects.into_iter().for_each(drop)).await;
}
