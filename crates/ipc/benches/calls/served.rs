//! The process that is called.

use std::ffi::OsStr;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use interfaces::{Echo, Init, InterfaceError};

/// The longest text, in bytes, that is given back.
const LONGEST: usize = 1_000;

/// Serves its parent, as the executables do.
pub(crate) fn serve(descriptor: &OsStr) -> ExitCode {
    match ipc::serve_parent("calls", descriptor, Arc::new(Taker), Box::new(|_| Ok(()))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("Error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives short texts back and keeps long ones, so that those are an argument and no result.
struct Taker;

#[async_trait]
impl Init for Taker {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        Ok(Arc::new(Self))
    }
}

#[async_trait]
impl Echo for Taker {
    async fn echo(&self, text: String) -> Result<String, InterfaceError> {
        Ok(if text.len() > LONGEST { String::new() } else { text })
    }
}
