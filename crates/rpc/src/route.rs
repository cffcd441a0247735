//! What is served over HTTP beside calls: paths, and what answers requests for them.
//!
//! Nobody is asked for a password there. Requests share the limits of the [service](crate::Service) with calls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// Answers requests. It runs on the async runtime: what blocks or computes for long goes to a blocking thread.
type Handler = Arc<dyn Fn(PageRequest) -> Pin<Box<dyn Future<Output = Page> + Send>> + Send + Sync>;

/// Paths, by what they begin with.
#[derive(Clone, Default)]
pub struct Routes(Vec<(&'static str, Handler)>);

/// A request for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest {
    /// What follows the path's beginning, a query included, as the client wrote it.
    pub target: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What a request for a path is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// How the request went.
    pub status: PageStatus,
    /// What the body is.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// How a request for a path went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageStatus {
    /// 200.
    Found,
    /// 400: the request is none that can be answered.
    BadRequest,
    /// 404: there is no such thing.
    NotFound,
    /// 500: a genuine error in the server.
    Failed,
    /// 503: not now.
    Unavailable,
}

impl Routes {
    /// Lets `handler` answer requests for all paths that begin with `prefix`, unless an earlier one does.
    pub fn add<F, Answer>(&mut self, prefix: &'static str, handler: F)
    where
        F: Fn(PageRequest) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Page> + Send + 'static,
    {
        self.0
            .push((prefix, Arc::new(move |request| Box::pin(handler(request)))));
    }

    /// What answers a request for this target, and the target without the path's beginning.
    pub(crate) fn find(&self, target: &str) -> Option<(&Handler, String)> {
        self.0.iter().find_map(|(prefix, handler)| {
            let rest = target.strip_prefix(prefix)?;
            Some((handler, rest.to_owned()))
        })
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_list()
            .entries(self.0.iter().map(|(prefix, _)| prefix))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_path_that_fits_answers() {
        let mut routes = Routes::default();
        for prefix in ["/a/b/", "/a/", "/c"] {
            routes.add(prefix, move |request: PageRequest| async move {
                Page {
                    status: PageStatus::Found,
                    content_type: "text/plain",
                    body: format!("{prefix}+{}", request.target).into_bytes(),
                }
            });
        }
        for (target, expected) in [
            ("/a/b/c?d", Some("/a/b/+c?d")),
            ("/a/b", Some("/a/+b")),
            ("/cd", Some("/c+d")),
            ("/a", None),
            ("/", None),
        ] {
            let answer = match routes.find(target) {
                None => None,
                Some((handler, target)) => {
                    let page = handler(PageRequest {
                        target,
                        body: Vec::new(),
                    });
                    Some(String::from_utf8(page.await.body).unwrap())
                }
            };
            assert_eq!(answer.as_deref(), expected, "{target}");
        }
    }
}
