//! Settings that a user interface changes in a node that runs: where they are kept, and what is said where they cannot be.

use anyhow::{Result, bail, ensure};
use fs_err as fs;
use functional_tests::{
    Capability, Content, Daemon, DataDir, IpcClient, Method, Node, SmallDisk, for_multiprocess, make_thread,
    wait_until, with_context,
};
use serde_json::{Value, json};

for_multiprocess![
    keeps_settings_for_the_next_start,
    changes_no_setting_that_runs_programs,
    keeps_nothing_without_a_settings_file,
    leaves_the_settings_as_they_were_when_the_disk_is_full,
];

/// The interface of processes of this project.
const PROCESS: u64 = 0x8ed8_b650_25ef_f64d;

/// The one of nodes.
const NODE: u64 = 0xb315_682d_539e_7591;

const MAKE_NODE: Method = Method(PROCESS, 3);
const GET: Method = Method(NODE, 10);
const UPDATE: Method = Method(NODE, 11);
const RESET: Method = Method(NODE, 13);

/// The node, as a user interface calls it.
struct Interface {
    client: IpcClient,
    thread: Capability,
    node: Capability,
}

impl Interface {
    fn connect(data_dir: &DataDir) -> Result<Self> {
        let mut client = IpcClient::connect(&data_dir.regtest("node.sock"))?;
        let init = client.bootstrap()?;
        let (thread, _) = make_thread(&mut client, &init)?;
        let (parameters, capabilities) = with_context(&thread, None);
        let question = client.call(&init, MAKE_NODE, &parameters, &capabilities)?;
        Ok(Self {
            client,
            thread,
            node: Capability::Answer(question, vec![0]),
        })
    }

    /// Calls a method with these texts: gives the text that it answers with, or why it fails.
    fn ask(&mut self, method: Method, texts: &[&str]) -> Result<Result<Option<String>, String>> {
        let (context, capabilities) = with_context(&self.thread, None);
        let Content::Struct(data, mut pointers) = context else {
            bail!("parameters are a structure");
        };
        pointers.extend(texts.iter().map(|text| Content::Text((*text).to_owned())));
        let parameters = Content::Struct(data, pointers);
        let question = self.client.call(&self.node, method, &parameters, &capabilities)?;
        self.client.answer(question)
    }

    fn check(&mut self, method: Method, texts: &[&str], expected: Option<&str>) -> Result<()> {
        let told = self.ask(method, texts)?;
        ensure!(told == Ok(expected.map(str::to_owned)), "{texts:?}: {told:?}");
        Ok(())
    }

    fn check_failure(&mut self, method: Method, texts: &[&str], expected: &str) -> Result<()> {
        match self.ask(method, texts)? {
            Err(told) if told.contains(expected) => Ok(()),
            told => bail!("{texts:?}: {told:?}"),
        }
    }
}

fn start<'a>(data_dir: &'a DataDir, options: &[&str]) -> Result<(Node<'a>, Interface)> {
    let mut all = vec!["-ipcbind=unix"];
    all.extend(options);
    let node = Node::start(Daemon::SyscoinNode, data_dir, &all)?;
    let interface = Interface::connect(data_dir)?;
    Ok((node, interface))
}

fn stored(data_dir: &DataDir, name: &str) -> Result<Value> {
    let text = fs::read_to_string(data_dir.regtest(name))?;
    Ok(serde_json::from_str(&text)?)
}

fn keeps_settings_for_the_next_start() -> Result<()> {
    let data_dir = DataDir::new()?;
    let (node, mut interface) = start(&data_dir, &[])?;
    interface.check(GET, &["dbcache"], None)?;
    interface.check(UPDATE, &["dbcache", "5"], None)?;
    interface.check(UPDATE, &["proxy-prev", "\"127.0.0.1:9\""], None)?;
    interface.check(GET, &["dbcache"], Some("5"))?;
    let expected = json!({"dbcache": 5, "proxy-prev": "127.0.0.1:9"});
    assert_eq!(stored(&data_dir, "settings.json")?, expected);
    ensure!(!data_dir.regtest("settings.json.tmp").exists());
    node.stop()?;
    let (node, mut interface) = start(&data_dir, &["-dbcache=6"])?;
    node.log().wait_for("Setting file arg: dbcache = 5")?;
    interface.check(GET, &["dbcache"], Some("5"))?;
    interface.check(UPDATE, &["proxy-prev"], None)?;
    assert_eq!(stored(&data_dir, "settings.json")?, json!({"dbcache": 5}));
    interface.check(RESET, &[], None)?;
    interface.check(GET, &["dbcache"], None)?;
    node.stop()?;
    assert_eq!(stored(&data_dir, "settings.json")?, json!({}));
    assert_eq!(stored(&data_dir, "settings.json.bak")?, json!({"dbcache": 5}));
    Ok(())
}

fn changes_no_setting_that_runs_programs() -> Result<()> {
    let data_dir = DataDir::new()?;
    let (node, mut interface) = start(&data_dir, &[])?;
    for name in ["startupnotify", "alertnotify", "includeconf", "none"] {
        let refused = "Node.updateRwSetting is not allowed here";
        interface.check_failure(UPDATE, &[name, "\"x\""], refused)?;
    }
    let refused = "The value of dbcache is neither a text";
    interface.check_failure(UPDATE, &["dbcache", "{\"a\": 1}"], refused)?;
    node.stop()?;
    assert_eq!(stored(&data_dir, "settings.json")?, json!({}));
    Ok(())
}

fn keeps_nothing_without_a_settings_file() -> Result<()> {
    let data_dir = DataDir::new()?;
    let (node, mut interface) = start(&data_dir, &["-nosettings"])?;
    let refused = "Attempt to write settings file when dynamic settings are disabled.";
    interface.check_failure(UPDATE, &["dbcache", "5"], refused)?;
    interface.check_failure(RESET, &[], refused)?;
    interface.check(GET, &["dbcache"], None)?;
    node.stop()?;
    ensure!(!data_dir.regtest("settings.json").exists());
    Ok(())
}

/// KiB that a node needs to start, and some.
const ROOM: u32 = 100 << 10;

fn leaves_the_settings_as_they_were_when_the_disk_is_full() -> Result<()> {
    let data_dir = DataDir::new()?;
    let place = data_dir.regtest("");
    fs::create_dir(&place)?;
    let Some(disk) = SmallDisk::mount(&place, ROOM)? else {
        return Ok(());
    };
    let (node, mut interface) = start(&data_dir, &["-nodebug", "-debuglogfile=0"])?;
    interface.check(UPDATE, &["dbcache", "5"], None)?;
    disk.fill()?;
    let refused = "settings.json.tmp: No space left on device (os error 28)";
    interface.check_failure(UPDATE, &["dbcache", "6"], refused)?;
    let refused = "settings.json.bak.tmp: No space left on device (os error 28)";
    interface.check_failure(RESET, &[], refused)?;
    interface.check(GET, &["dbcache"], Some("5"))?;
    assert_eq!(stored(&data_dir, "settings.json")?, json!({"dbcache": 5}));
    disk.clear()?;
    // The system may take a moment to find the room again.
    wait_until("room on the disk", || {
        let told = interface.ask(UPDATE, &["dbcache", "6"])?;
        Ok(told.is_ok().then_some(()))
    })?;
    assert_eq!(stored(&data_dir, "settings.json")?, json!({"dbcache": 6}));
    node.stop()
}
