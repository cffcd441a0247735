//! Packages for tests: a recipe and a source archive, both as small as they can be.

use std::fmt::Write as _;
use std::path::Path;

use depends::digest::Digest;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::Server;

/// The COPYING of every package.
const LICENSE: &str = "Do as you like.\n";

/// A package, to be varied.
#[derive(Clone)]
pub(crate) struct Package {
    name: String,
    version: String,
    files: Vec<(String, String)>,
    top: String,
    allowed: Vec<String>,
    routes: Option<Vec<String>>,
    only: Vec<String>,
    build: String,
    end: String,
    patches: Vec<(String, String)>,
}

impl Package {
    /// A package with `build` in its `[build]` table.
    pub(crate) fn new(name: &str, build: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: "1.0".to_owned(),
            files: Vec::new(),
            top: String::new(),
            allowed: Vec::new(),
            routes: None,
            only: Vec::new(),
            build: build.to_owned(),
            end: String::new(),
            patches: Vec::new(),
        }
        .file("COPYING", LICENSE)
    }

    /// A header `NAME.h` that defines the name, and nothing to compile.
    pub(crate) fn headers(name: &str) -> Self {
        let build =
            format!("system = \"headers\"\nheaders = [{{ from = \"{name}.h\", to = \"include/{name}.h\" }}]");
        Self::new(name, &build).file(&format!("{name}.h"), &format!("#define {name} 1\n"))
    }

    /// One C file that becomes a static library, with a header.
    pub(crate) fn library(name: &str, code: &str) -> Self {
        let build = format!(
            "system = \"cc\"\nsources = [\"{name}.c\"]\nlibrary = \"{name}\"\n\
             headers = [{{ from = \"{name}.h\", to = \"include/{name}.h\" }}]\npkg-config = {{ name = \"{name}\" }}"
        );
        Self::new(name, &build)
            .file(&format!("{name}.c"), code)
            .file(&format!("{name}.h"), &format!("int {name}(void);\n"))
    }

    /// A package that a shell script builds, beginning in the existing directory `$out`, its staged prefix. Braces in
    /// the script are doubled but for the recipe's variables.
    pub(crate) fn script(name: &str, script: &str) -> Self {
        Self::phases(name, "", "", script)
    }

    /// As [`script`](Self::script), with scripts for the phases before as well.
    pub(crate) fn phases(name: &str, configure: &str, build: &str, stage: &str) -> Self {
        let step = |script: &str| match script {
            "" => "[]".to_owned(),
            script => format!("[[\"sh\", \"-euc\", '''\n{script}''']]"),
        };
        let stage = format!("out={{stage}}{{prefix}}; mkdir -p $out\n{stage}");
        Self::new(
            name,
            &format!(
                "system = \"steps\"\nconfigure = {}\nbuild = {}\nstage = {}",
                step(configure),
                step(build),
                step(&stage)
            ),
        )
        .allows("place", "**")
    }

    /// Adds a file to the source, or replaces it.
    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.retain(|(known, _)| known != path);
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Adds lines before the recipe's first table.
    pub(crate) fn top(mut self, lines: &str) -> Self {
        writeln!(self.top, "{lines}").unwrap();
        self
    }

    /// Adds tables at the recipe's end.
    pub(crate) fn end(mut self, lines: &str) -> Self {
        writeln!(self.end, "{lines}").unwrap();
        self
    }

    /// Excuses what the checks of a built package find.
    pub(crate) fn allows(mut self, rule: &str, path: &str) -> Self {
        self.allowed.push(format!(
            "{{ rule = {rule:?}, path = {path:?}, why = \"for a test\" }}"
        ));
        self
    }

    /// Excuses nothing, not even files at the top of the prefix, where scripts may put them.
    pub(crate) fn strict(mut self) -> Self {
        self.allowed.clear();
        self
    }

    /// Lets the build out of the sandbox, so that its test can watch it from outside.
    pub(crate) fn watched(self) -> Self {
        self.end("[sandbox]\noff = \"its test watches it\"")
    }

    pub(crate) fn needs(self, dependencies: &[&str]) -> Self {
        self.top(&format!("dependencies = {dependencies:?}"))
    }

    pub(crate) fn needs_native(self, dependencies: &[&str]) -> Self {
        self.top(&format!("native-dependencies = {dependencies:?}"))
    }

    pub(crate) fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// Adds a patch, which is applied after those before it.
    pub(crate) fn patch(mut self, name: &str, text: &str) -> Self {
        self.patches.push((name.to_owned(), text.to_owned()));
        self
    }

    /// Replaces the route to the server by others, tables as in `{ url = "…" }`.
    pub(crate) fn routes(mut self, routes: &[String]) -> Self {
        self.routes = Some(routes.to_vec());
        self
    }

    /// Leaves all but what these patterns match in the archive.
    pub(crate) fn only(mut self, patterns: &[&str]) -> Self {
        self.only = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The name of the source archive.
    pub(crate) fn archive_name(&self) -> String {
        format!("{}-{}.tar.gz", self.name, self.version)
    }

    /// The path of the source archive on the server.
    pub(crate) fn route(&self) -> String {
        format!("/{}", self.archive_name())
    }

    /// The source, packed.
    pub(crate) fn archive(&self) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, text) in &self.files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(if text.starts_with("#!") { 0o755 } else { 0o644 });
            header.set_size(text.len() as u64);
            let path = format!("{}-{}/{path}", self.name, self.version);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    /// The digest of [`archive`](Self::archive).
    pub(crate) fn sha256(&self) -> String {
        Digest::of(&self.archive()).to_string()
    }

    /// The recipe's text.
    pub(crate) fn recipe(&self, server: &Server) -> String {
        let routes = self
            .routes
            .clone()
            .unwrap_or_else(|| vec![format!("{{ url = {:?} }}", server.url(&self.route()))]);
        let only = match &self.only[..] {
            [] => String::new(),
            patterns => format!("only = {patterns:?}\n"),
        };
        let patches: Vec<&str> = self.patches.iter().map(|(name, _)| name.as_str()).collect();
        let allowed = match self.allowed.join(", ") {
            allowed if allowed.is_empty() => allowed,
            allowed => format!("lint.allow = [{allowed}]\n"),
        };
        format!(
            "name = {:?}\nversion = {:?}\nlicense = \"MIT\"\ndescription = \"For a test\"\n\
             homepage = \"https://example.org\"\nlicense-files = [\"COPYING\"]\npatches = {patches:?}\n{}{allowed}\
             [[source.archive]]\nfile = {:?}\nsha256 = {:?}\n{only}route = [{}]\n[build]\n{}\n{}",
            self.name,
            self.version,
            self.top,
            self.archive_name(),
            self.sha256(),
            routes.join(", "),
            self.build,
            self.end,
        )
    }

    /// Writes the recipe and its patches, and gives the source to the server.
    pub(super) fn write(&self, directory: &Path, server: &Server) {
        fs_err::create_dir_all(directory.join("patches")).unwrap();
        for (name, text) in &self.patches {
            fs_err::write(directory.join("patches").join(name), text).unwrap();
        }
        fs_err::write(directory.join("package.toml"), self.recipe(server)).unwrap();
        server.put(&self.route(), self.archive());
    }
}
