//! `cargo xtask depends new`.

use depends::author::{Origin, Scaffold};

use super::{explain, open};
use crate::arguments::depends::author::NewArguments;
use crate::arguments::{DependsArguments, UsageError};

pub(super) fn run(depends: &DependsArguments, arguments: &NewArguments) -> miette::Result<()> {
    let words = depends.targets();
    let [name] = words[..] else {
        let message = format!("new takes one name, not {}", words.len());
        let help = "cargo xtask depends new zlib --url https://example.org/zlib-1.3.tar.gz".to_owned();
        return Err(UsageError { message, help }.into());
    };
    let engine = open(depends)?;
    let scaffold = Scaffold {
        name: name.to_owned(),
        origin: origin(arguments)?,
        version: arguments.version.clone(),
        root: arguments.root.clone(),
        license: arguments.license.clone(),
        description: arguments.description.clone(),
        homepage: arguments.homepage.clone(),
        dry_run: arguments.dry_run,
    };
    let made = engine
        .scaffold(&scaffold)
        .map_err(|error| explain(error, false))?;
    if arguments.dry_run {
        print!("{}", made.text);
    } else {
        println!("wrote {}", made.path.display());
    }
    for note in &made.notes {
        eprintln!("note: {note}");
    }
    if made.unfilled.is_empty() {
        eprintln!(
            "Build it with `cargo xtask depends {name}`; packages/selection.toml says which option selects it."
        );
    } else {
        eprintln!(
            "To be filled in, until which all recipes are refused: {}",
            made.unfilled.join(", ")
        );
    }
    Ok(())
}

fn origin(arguments: &NewArguments) -> Result<Origin, UsageError> {
    match (&arguments.url, &arguments.apt, &arguments.suite, &arguments.krate) {
        (Some(url), ..) => Ok(Origin::Url(url.clone())),
        (None, Some(source), Some(suite), _) => Ok(Origin::Apt {
            source: source.clone(),
            suite: suite.clone(),
            file: arguments.file.clone(),
        }),
        (None, _, _, Some((name, version))) => Ok(Origin::Crate {
            name: name.clone(),
            version: version.clone(),
        }),
        (None, ..) => Err(UsageError {
            message: "new needs to know where the source comes from".to_owned(),
            help: "one of --url, --apt with --suite, and --crate".to_owned(),
        }),
    }
}
