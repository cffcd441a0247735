//! Finding and reading the configuration files, and warning of what in them has no effect.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::args::command_line::Key;
use crate::args::error::{ArgsError, ConfigFileError};
use crate::args::{Args, CONFIG_FILE_NAME, Inner};
use crate::config_file::{ConfigFile, SectionMention};
use crate::data_dir;
use crate::network::Network;
use crate::settings::DEFAULT_SECTION;
use crate::value::Value;

pub(super) fn load(args: &mut Args) -> Result<(), ArgsError> {
    if args.0.table.positional() == crate::options::Positional::Refused
        && let Some(token) = args.0.positional.first()
    {
        return Err(ArgsError::UnexpectedToken {
            token: token.clone(),
            program: args.0.program_file.clone(),
        });
    }
    if !data_dir::option_is_usable(args) {
        return Err(ArgsError::NoDataDirectory {
            path: args.text_or("datadir", ""),
        });
    }
    let directory = data_dir::base_directory(args);
    let path = config_path(args, &directory);
    let inner = Arc::make_mut(&mut args.0);
    inner.config_file.clone_from(&path);
    let mut sections = Vec::new();
    if let Some(path) = &path
        && let Some(bytes) = read_main_file(path, inner.settings.is_on_command_line("conf"))?
    {
        inner
            .read(&bytes, &path.display().to_string(), &mut sections)
            .map_err(ArgsError::ConfigFile)?;
        if !inner.settings.is_on_command_line("includeconf") {
            inner.read_included(&directory, &mut sections)?;
        }
    }
    inner.network = inner.chosen_network()?;
    if !data_dir::option_is_usable(args) {
        let path = args.text_or("datadir", "");
        return Err(ArgsError::ConfigFile(ConfigFileError::NoDataDirectory { path }));
    }
    warn_of_sections(args, &sections);
    check_ignored_file(args, &directory)
}

fn config_path(args: &Args, directory: &Path) -> Option<PathBuf> {
    match args.path("conf") {
        Some(path) => Some(directory.join(path)),
        None if args.is_negated("conf") => None,
        None => Some(directory.join(CONFIG_FILE_NAME)),
    }
}

/// The file's bytes; none when a file that nobody named is not there.
fn read_main_file(path: &Path, named: bool) -> Result<Option<Vec<u8>>, ArgsError> {
    if path.is_dir() {
        return Err(ArgsError::ConfigFile(ConfigFileError::Directory {
            path: path.to_owned(),
        }));
    }
    match fs_err::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(_) if !named => Ok(None),
        Err(cause) => {
            let path = path.to_owned();
            Err(ArgsError::ConfigFile(ConfigFileError::Unreadable { path, cause }))
        }
    }
}

/// A [`SectionMention`] with the file it stands in.
struct Mention {
    file: String,
    section: SectionMention,
}

impl Inner {
    fn read(&mut self, bytes: &[u8], file: &str, sections: &mut Vec<Mention>) -> Result<(), ConfigFileError> {
        let parsed = ConfigFile::parse(bytes)?;
        sections.extend(parsed.sections.into_iter().map(|section| Mention {
            file: file.to_owned(),
            section,
        }));
        for entry in parsed.entries {
            let key = Key::parse(&entry.key);
            match key.name.as_str() {
                "conf" => return Err(ConfigFileError::NestedConf),
                "reindex" => self.notices.push(
                    "Warning: reindex=1 is set in the configuration file, which will significantly slow down startup. \
                     Consider removing or commenting out this option for better performance, unless there is \
                     currently a condition which makes rebuilding the indexes necessary"
                        .to_owned(),
                ),
                _ => {}
            }
            if let Some(option) = self.table.get(&key.name) {
                let value = key.value(Some(&entry.value), option, &mut self.notices)?;
                self.settings.push_config(&key.section, &key.name, value);
            } else {
                let suggestion = self.table.suggest(&key.name);
                let suggestion = suggestion
                    .map(|name| format!(" (did you mean {name}?)"))
                    .unwrap_or_default();
                self.notices.push(format!(
                    "Ignoring unknown configuration value {}{suggestion}",
                    entry.key
                ));
            }
        }
        Ok(())
    }

    fn read_included(&mut self, directory: &Path, sections: &mut Vec<Mention>) -> Result<(), ArgsError> {
        let first_network = self.chosen_network()?;
        let in_section = self
            .settings
            .config_values(first_network.section(), "includeconf")
            .len();
        let in_default = self.settings.config_values(DEFAULT_SECTION, "includeconf").len();
        let mut files = self.included(first_network.section(), 0);
        files.extend(self.included(DEFAULT_SECTION, 0));
        for file in files {
            self.read_one_included(directory, &file, sections)
                .map_err(ArgsError::ConfigFile)?;
        }
        let mut nested = self.included(first_network.section(), in_section);
        nested.extend(self.included(DEFAULT_SECTION, in_default));
        let final_network = self.chosen_network()?;
        if final_network != first_network {
            nested.extend(self.included(final_network.section(), 0));
        }
        self.include_warnings.extend(nested.iter().map(|value| {
            format!(
                "warning: -includeconf cannot be used from included files; ignoring -includeconf={}",
                value.to_text()
            )
        }));
        Ok(())
    }

    /// The section's `includeconf` values from the `skip`-th on that no negation cancels.
    fn included(&self, section: &str, skip: usize) -> Vec<Value> {
        let skip = skip.max(self.settings.config_negated(section, "includeconf"));
        self.settings
            .config_values(section, "includeconf")
            .iter()
            .skip(skip)
            .cloned()
            .collect()
    }

    fn read_one_included(
        &mut self,
        directory: &Path,
        file: &Value,
        sections: &mut Vec<Mention>,
    ) -> Result<(), ConfigFileError> {
        let name = file.to_text();
        let path = directory.join(file.as_os_str());
        let bytes = if path.is_dir() {
            Err(io::Error::from(io::ErrorKind::IsADirectory))
        } else {
            fs_err::read(&path)
        };
        let bytes = bytes.map_err(|cause| ConfigFileError::Include {
            name: name.clone(),
            cause,
        })?;
        self.read(&bytes, &name, sections)?;
        self.notices.push(format!("Included configuration file {name}"));
        Ok(())
    }
}

/// One warning for all of them, a line each.
fn warn_of_sections(args: &mut Args, sections: &[Mention]) {
    let known = |name: &str| Network::ALL.iter().any(|network| network.section() == name);
    let unknown: Vec<String> = sections
        .iter()
        .filter(|mention| !known(&mention.section.name))
        .map(|Mention { file, section }| {
            format!(
                "{file}:{} Section [{}] is not recognized.",
                section.line, section.name
            )
        })
        .collect();
    if !unknown.is_empty() {
        Arc::make_mut(&mut args.0).warnings.push(unknown.join("\n"));
    }
}

/// Refuses options of the default section that have no effect on this network, where nothing else sets them.
pub(super) fn check_sections(args: &Args) -> Result<(), ArgsError> {
    let network = args.network();
    let misplaced: Vec<String> = args
        .0
        .table
        .iter()
        .filter(|option| network != Network::Main && option.is_network_only())
        .filter(|option| {
            args.0
                .settings
                .only_in_default_section(option.name, network.section())
        })
        .map(|option| {
            format!(
                "Config setting for -{} only applied on {network} network when in [{network}] section.",
                option.name
            )
        })
        .collect();
    if misplaced.is_empty() {
        Ok(())
    } else {
        Err(ArgsError::Misplaced {
            message: misplaced.join("\n"),
        })
    }
}

/// A `syscoin.conf` in the data directory that is not the one in use is most likely a mistake: an error, or with
/// `-allowignoredconf` a notice. A program without that option, as a client, does not mind.
fn check_ignored_file(args: &mut Args, first_directory: &Path) -> Result<(), ArgsError> {
    if args.0.table.get("allowignoredconf").is_none() {
        return Ok(());
    }
    let directory = data_dir::base_directory(args);
    let candidate = directory.join(CONFIG_FILE_NAME);
    let Some(used) = args.0.config_file.clone() else {
        return Ok(());
    };
    let same = |left: &Path, right: &Path| {
        let real = |path: &Path| fs_err::canonicalize(path).ok();
        real(left).is_some() && real(left) == real(right)
    };
    if !candidate.exists() || same(&candidate, &used) {
        return Ok(());
    }
    let source = match args.text("conf") {
        Some(conf) => format!("command line argument {}", quoted(&format!("-conf={conf}"))),
        None => format!("data directory {}", quoted(first_directory.as_os_str())),
    };
    let message = format!(
        "Data directory {directory} contains a \"{CONFIG_FILE_NAME}\" file which is ignored, because a different \
         configuration file {used} from {source} is being used instead. Possible ways to address this would be to:\n\
         - Delete or rename the \"{CONFIG_FILE_NAME}\" file in data directory {directory}.\n\
         - Change datadir= or conf= options to specify one configuration file, not two, and use includeconf= to \
         include any other configuration files.\n\
         - Set allowignoredconf=1 option to treat this condition as a warning, not an error.",
        directory = quoted(directory.as_os_str()),
        used = quoted(used.as_os_str()),
    );
    if args.flag("allowignoredconf", false) {
        let notice = format!("Warning: {message}");
        Arc::make_mut(&mut args.0).notices.push(notice);
        return Ok(());
    }
    Err(ArgsError::IgnoredConfigFile { message })
}

fn quoted<Text: AsRef<OsStr> + ?Sized>(text: &Text) -> String {
    format!("\"{}\"", text.as_ref().to_string_lossy())
}
