//! Working by hand in the directory of one package.

use std::sync::Mutex;

use super::{Engine, EngineError};
use crate::build::{BuildError, Session};
use crate::observer::Phase;
use crate::schedule::{Hooks, Stops};

impl Engine {
    /// Builds what the package `name` needs and itself as far as `phase`, and then calls `work`, whose result is
    /// returned. The package's directory is left as it is then.
    ///
    /// # Errors
    /// As [`Engine::build_package`]; or `work` fails.
    pub fn shell<T: Send>(
        &self,
        name: &str,
        phase: Phase,
        work: impl Fn(&Session<'_>) -> Result<T, BuildError> + Sync,
    ) -> Result<Option<T>, EngineError> {
        let (plan, unit) = self.plan_with(name)?;
        let result = Mutex::new(None);
        let visit = |session: &Session<'_>| {
            let value = work(session)?;
            *result.lock().expect("no holder panics because none calls out") = Some(value);
            Ok(())
        };
        let stops = Stops::from([(unit, phase)]);
        let hooks = Hooks {
            visit: Some(&visit),
            ..Hooks::default()
        };
        self.build_units_and(&plan, &[], &stops, hooks)?;
        Ok(result
            .into_inner()
            .expect("no holder panics because none calls out"))
    }
}
