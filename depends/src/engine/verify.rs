//! The engine's check that packages come out the same when they are built again.

use super::{Engine, EngineError};
use crate::atomic;
use crate::build::INSTALL_PREFIX;
use crate::cache::Lookup;
use crate::layout::Layout;
use crate::lock::Lock;
use crate::observer::{Event, Phase};
use crate::plan::Plan;
use crate::schedule::{Hooks, Stops};
use crate::verify::{self, Verified};

impl Engine {
    /// Builds the packages called `names` again, or without any all that the options select, in a place of their own,
    /// and compares each with its archive in the cache. What the cache lacks is built into it first; what it has is
    /// left as it is.
    ///
    /// # Errors
    /// There is no such package, an archive in the cache is damaged, or a package cannot be built. That a package
    /// differs is no error: the answer says so.
    pub fn verify(&self, names: &[&str]) -> Result<Vec<Verified>, EngineError> {
        let (plan, mut units) = match names {
            [] => {
                let plan = self.plan()?;
                let all = (0..plan.units.len()).collect();
                (plan, all)
            }
            names => self.plan_with_all(names)?,
        };
        units.sort_unstable();
        units.dedup();
        // A damaged archive would be replaced by building what needs it, and nothing be left to compare with.
        self.refuse_damaged(&plan, &units)?;
        let lock = self.layout.lock("verify.lock");
        let waiting = || {
            let message = "another run builds packages again; waiting for it";
            self.observer.notice(&Event::Warning { message });
        };
        let _lock = Lock::acquire(&lock, waiting)?;
        let entries = self.build_units(&plan, &units, &Stops::new())?;
        let root = self.layout.work.join("verify");
        let scratch = Layout {
            work: root.join("work"),
            ..self.layout.clone()
        };
        let stops = units.iter().map(|unit| (*unit, Phase::Postprocess)).collect();
        self.run_schedule(&plan, &scratch, &*self.observer, &[], &stops, Hooks::default())?;
        let mut verified = Vec::new();
        for index in units {
            let (unit, entry) = (&plan.units[index], &entries[&index]);
            let directory = scratch.unit(unit);
            let staged = directory
                .join("stage")
                .join(INSTALL_PREFIX.trim_start_matches('/'));
            let trees = root
                .join("different")
                .join(unit.platform())
                .join(unit.file_stem());
            let difference =
                verify::compare(&entry.archive, entry.sha256, &staged, &trees).map_err(|source| {
                    EngineError::Verify {
                        label: unit.label(),
                        source,
                    }
                })?;
            atomic::remove_directory(&directory)?;
            verified.push(Verified {
                label: unit.label(),
                archive: entry.archive.clone(),
                sha256: entry.sha256,
                difference,
            });
        }
        atomic::remove_directory(&scratch.build_root())?;
        atomic::remove_directory(&scratch.work)?;
        Ok(verified)
    }

    /// Reads the archives of units through; absent ones are no error.
    pub(super) fn refuse_damaged(&self, plan: &Plan, units: &[usize]) -> Result<(), EngineError> {
        let mut damaged = Vec::new();
        for unit in units.iter().map(|unit| &plan.units[*unit]) {
            if let Lookup::Damaged(reason) = self.cache().verify(unit)? {
                damaged.push(format!("{}: {reason}", unit.label()));
            }
        }
        if damaged.is_empty() {
            Ok(())
        } else {
            Err(EngineError::DamagedPackages(damaged))
        }
    }
}
