//! The engine's variables, as `print-NAME` shows them.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Engine, EngineError};

impl Engine {
    /// The value that `print-NAME` shows.
    ///
    /// # Errors
    /// As [`Engine::plan`], for what depends on the tools; `Ok(None)` where there is nothing of that name.
    pub fn variable(&self, name: &str) -> Result<Option<String>, EngineError> {
        let path = |path: &Path| Some(path.display().to_string());
        let join =
            |names: &BTreeMap<String, usize>| Some(names.keys().cloned().collect::<Vec<_>>().join(" "));
        let value = match name {
            "HOST" | "host" => Some(self.host.triplet.clone()),
            "BUILD" | "build" => Some(self.build.triplet.clone()),
            "SOURCES_PATH" => path(&self.layout.sources),
            "BASE_CACHE" => path(&self.layout.cache),
            "WORK_PATH" => path(&self.layout.work),
            "host_prefix" => path(&self.layout.prefix(&self.host.triplet)),
            "C_STANDARD" => Some(self.options.text(name).unwrap_or("c11").to_owned()),
            "CXX_STANDARD" => Some(self.options.text(name).unwrap_or("c++20").to_owned()),
            "DOWNLOAD_CONNECT_TIMEOUT" => Some(self.options.connect_timeout().as_secs().to_string()),
            "DOWNLOAD_RETRIES" => Some(self.options.retries().to_string()),
            "final_build_id" => Some(self.plan()?.final_id().to_string()),
            "packages" => join(&self.plan()?.packages),
            "native_packages" => join(&self.plan()?.native_packages),
            _ => return self.other_variable(name),
        };
        Ok(value)
    }

    /// An option, or `<package>_version`, `<package>_build_id` and `<package>_cached`.
    fn other_variable(&self, name: &str) -> Result<Option<String>, EngineError> {
        if self.options.known().any(|(known, _)| known == name) {
            return Ok(Some(self.options.text(name).unwrap_or_default().to_owned()));
        }
        let Some((package, field)) = ["_version", "_build_id", "_cached"]
            .iter()
            .find_map(|field| Some((name.strip_suffix(field)?, *field)))
        else {
            return Ok(None);
        };
        if self.check_name(package).is_err() {
            return Ok(None);
        }
        if field == "_version" {
            let bare = package.strip_prefix("native_").unwrap_or(package);
            return Ok(self.recipes.get(bare).map(|recipe| recipe.version.clone()));
        }
        let (plan, unit) = self.plan_with(package)?;
        let unit = &plan.units[unit];
        Ok(Some(match field {
            "_build_id" => unit.short_key(),
            _ => self.cache().path(unit, "tar.gz").display().to_string(),
        }))
    }
}
