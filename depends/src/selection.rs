//! Which packages a run builds: rules from a file beside the recipes, applied to the options.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;
use serde_spanned::Spanned;

use crate::options::Options;
use crate::recipe::set::SetError;
use crate::recipe::{RecipeError, RecipeSet};
use crate::site::{Name, Told, Value, Variables};

/// The name of the rules' file in the directory of the recipes.
pub const FILE_NAME: &str = "selection.toml";

/// The rules: packages that are always there, and features, what turns each on or off, and the packages it needs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Packages for the host that no option turns off.
    #[serde(default)]
    packages: Vec<Spanned<String>>,
    /// What configure scripts are always told.
    #[serde(default)]
    autoconf: BTreeMap<Name, Value>,
    /// What CMake projects are always told.
    #[serde(default)]
    cmake: BTreeMap<Name, Value>,
    /// The features by name.
    #[serde(default)]
    feature: BTreeMap<String, Feature>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Feature {
    /// The switch that turns it on; without one, it is on.
    enabled_by: Option<String>,
    /// Switches that turn it off.
    #[serde(default)]
    disabled_by: Vec<String>,
    /// Packages for the host.
    #[serde(default)]
    packages: Vec<Spanned<String>>,
    /// Packages for the building machine.
    #[serde(default)]
    native_packages: Vec<Spanned<String>>,
    /// Why no package is carried for it: the feature is then off whatever the options say.
    not_carried: Option<String>,
    /// Programs that the feature offers, by role: the path in the native prefix.
    #[serde(default)]
    tools: BTreeMap<String, String>,
    /// What configure scripts are told of it.
    #[serde(default)]
    autoconf: Variables,
    /// What CMake projects are told of it.
    #[serde(default)]
    cmake: Variables,
}

/// What the rules make of a run's options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// Each feature, and whether it is on.
    pub features: BTreeMap<String, bool>,
    /// Packages for the host.
    pub packages: BTreeSet<String>,
    /// Packages for the building machine.
    pub native_packages: BTreeSet<String>,
    /// Programs by role: the path in the native prefix.
    pub tools: BTreeMap<String, String>,
    /// What other build systems are told.
    pub told: Vec<Told>,
    /// What the user should hear: options that have no effect, and why.
    pub notes: Vec<String>,
}

impl Selection {
    /// Reads the rules in the directory of the recipes; without a file there are none.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong.
    pub fn load(directory: &Path, recipes: &RecipeSet) -> Result<Self, SetError> {
        let path = directory.join(FILE_NAME);
        if !path.exists() {
            return Ok(Self::default());
        }
        let text = fs_err::read_to_string(&path).map_err(SetError::Read)?;
        let selection: Self =
            toml::from_str(&text).map_err(|error| RecipeError::from_toml(&path, &text, &error))?;
        let of_features = selection
            .feature
            .values()
            .flat_map(|feature| feature.packages.iter().chain(&feature.native_packages));
        for name in selection.packages.iter().chain(of_features) {
            if recipes.get(name.get_ref()).is_none() {
                let message = format!("there is no package {:?}", name.get_ref());
                return Err(RecipeError::new(&path, &text, name.span(), message).into());
            }
        }
        Ok(selection)
    }

    /// The switches that the rules know, each once.
    pub fn options(&self) -> impl Iterator<Item = &str> {
        let options: BTreeSet<&str> = self
            .feature
            .values()
            .flat_map(|feature| feature.disabled_by.iter().chain(&feature.enabled_by))
            .map(String::as_str)
            .collect();
        options.into_iter()
    }

    /// Applies the rules. Without any rule, every recipe is selected.
    #[must_use]
    pub fn apply(&self, options: &Options, recipes: &RecipeSet) -> Selected {
        let mut selected = Selected::default();
        if self.feature.is_empty() && self.packages.is_empty() {
            selected.packages = recipes.names().map(str::to_owned).collect();
            return selected;
        }
        let names = |list: &[Spanned<String>]| -> Vec<String> {
            list.iter().map(|name| name.get_ref().clone()).collect()
        };
        selected.packages.extend(names(&self.packages));
        selected.told.push(Told {
            selected: true,
            packages: names(&self.packages),
            autoconf: Variables::always(self.autoconf.clone()),
            cmake: Variables::always(self.cmake.clone()),
        });
        for (name, feature) in &self.feature {
            let wanted = feature
                .enabled_by
                .as_ref()
                .is_none_or(|option| options.switch(option))
                && !feature.disabled_by.iter().any(|option| options.switch(option));
            let on = wanted && feature.not_carried.is_none();
            selected.features.insert(name.clone(), on);
            let told = Told {
                selected: on,
                packages: names(&feature.packages),
                autoconf: feature.autoconf.clone(),
                cmake: feature.cmake.clone(),
            };
            selected.told.push(told);
            if on {
                selected.packages.extend(names(&feature.packages));
                selected.native_packages.extend(names(&feature.native_packages));
                selected.tools.extend(feature.tools.clone());
            }
        }
        selected.notes = self.notes(options);
        selected
    }

    /// The features whose packages are not carried, each with the reason.
    pub fn not_carried(&self) -> impl Iterator<Item = (&str, &str)> {
        self.feature
            .iter()
            .filter_map(|(name, feature)| Some((name.as_str(), feature.not_carried.as_deref()?)))
    }

    fn notes(&self, options: &Options) -> Vec<String> {
        let mut notes = Vec::new();
        for option in self.options().filter(|option| options.is_given(option)) {
            let mut touched = self.feature.values().filter(|feature| {
                feature.enabled_by.as_deref() == Some(option)
                    || feature.disabled_by.iter().any(|switch| switch == option)
            });
            let mut reasons = touched
                .clone()
                .filter_map(|feature| feature.not_carried.as_deref());
            if let Some(reason) = reasons.next()
                && touched.all(|feature| feature.not_carried.is_some())
            {
                notes.push(format!("{option} has no effect: {reason}"));
            }
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
packages = ["c"]
[feature.multiple]
enabled-by = "MULTIPLE"
packages = ["a"]
native-packages = ["a"]
tools = { a = "bin/a" }
[feature.wallet]
disabled-by = ["NO_WALLET"]
[feature.sqlite]
disabled-by = ["NO_WALLET", "NO_SQLITE"]
packages = ["b"]
[feature.gui]
disabled-by = ["NO_QT"]
not-carried = "there is no package qt yet"
"#;

    fn apply(arguments: &[(&str, &str)]) -> Selected {
        let selection: Selection = toml::from_str(RULES).unwrap();
        let arguments: Vec<_> = arguments
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let options = Options::new(&arguments, |_| None, selection.options()).unwrap();
        selection.apply(&options, &RecipeSet::default())
    }

    #[test]
    fn options_turn_features_and_their_packages_on_and_off() {
        let rows = [
            (vec![], "b c", ""),
            (vec![("MULTIPLE", "1")], "a b c", "a"),
            (vec![("MULTIPLE", "0"), ("NO_WALLET", "1")], "c", ""),
            (vec![("NO_SQLITE", "1")], "c", ""),
        ];
        for (arguments, packages, native) in rows {
            let selected = apply(&arguments);
            let words = |names: BTreeSet<String>| names.into_iter().collect::<Vec<_>>().join(" ");
            assert_eq!(words(selected.packages), packages, "{arguments:?}");
            assert_eq!(words(selected.native_packages), native, "{arguments:?}");
            assert!(!selected.features["gui"]);
        }
        assert!(apply(&[("NO_SQLITE", "1")]).features["wallet"]);
    }

    #[test]
    fn an_option_for_what_is_not_carried_is_said_to_have_no_effect() {
        assert_eq!(
            apply(&[("NO_QT", "1")]).notes,
            ["NO_QT has no effect: there is no package qt yet"]
        );
        assert!(apply(&[("NO_WALLET", "1")]).notes.is_empty());
    }
}
