//! `settings.json`: what is read from it, what is kept in it, and what is said of a damaged one.

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, Program, for_each_daemon};
use serde_json::{Value, json};

for_each_daemon![
    makes_an_empty_settings_file,
    keeps_settings_that_it_does_not_know,
    takes_settings_before_the_configuration_file,
    refuses_a_damaged_settings_file,
    looks_at_no_settings_file_when_told_so,
    reads_the_settings_file_that_it_is_told,
    leaves_the_settings_of_a_running_node_alone,
];

fn makes_an_empty_settings_file(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    assert_eq!(fs::read_to_string(data_dir.regtest("settings.json"))?, "{\n}\n");
    Ok(())
}

fn keeps_settings_that_it_does_not_know(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let file = data_dir.regtest("settings.json");
    let settings = json!({"string": "₿", "num": 5, "bool": true, "null": null, "list": [6, 7]});
    fs::create_dir(data_dir.regtest(""))?;
    fs::write(&file, settings.to_string())?;
    let node = Node::start(daemon, &data_dir, &[])?;
    for line in [
        "Ignoring unknown rw_settings value string",
        "Ignoring unknown rw_settings value null",
        "Setting file arg: string = \"₿\"",
        "Setting file arg: num = 5",
        "Setting file arg: bool = true",
        "Setting file arg: null = null",
        "Setting file arg: list = [6,7]",
    ] {
        node.log().wait_for(line)?;
    }
    node.stop()?;
    let kept: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
    assert_eq!(kept, settings);
    ensure!(
        !data_dir.regtest("settings.json.tmp").exists(),
        "the new file is left over"
    );
    Ok(())
}

/// The limit that a node has, in bytes.
fn upload_target(node: &Node<'_>) -> Result<Option<u64>> {
    let totals = node.rpc()?.call("getnettotals", json!([]))?;
    Ok(totals["uploadtarget"]["target"].as_u64())
}

fn takes_settings_before_the_configuration_file(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.write_config(&format!(
        "{}maxuploadtarget=3k\nuacomment=file\n",
        data_dir.rig_config()
    ))?;
    fs::create_dir(data_dir.regtest(""))?;
    let settings = json!({"maxuploadtarget": "4k", "uacomment": ["one", "two"]});
    fs::write(data_dir.regtest("settings.json"), settings.to_string())?;
    let node = Node::start(daemon, &data_dir, &[])?;
    assert_eq!(upload_target(&node)?, Some(4_000));
    let info = node.rpc()?.call("getnetworkinfo", json!([]))?;
    assert_eq!(info["subversion"], "/Satoshi:5.1.1(testnode0; one; two; file)/");
    node.stop()?;
    let node = Node::start(daemon, &data_dir, &["-maxuploadtarget=5k"])?;
    assert_eq!(upload_target(&node)?, Some(5_000));
    node.stop()?;
    let node = Node::start(daemon, &data_dir, &["-nosettings"])?;
    assert_eq!(upload_target(&node)?, Some(3_000));
    node.stop()
}

fn refuses_a_damaged_settings_file(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &[])?.stop()?;
    let file = data_dir.regtest("settings.json");
    let shown = file.display();
    let invalid = format!(
        "Settings file {shown} does not contain valid JSON. This is probably caused by disk corruption or a crash, and can \
         be fixed by removing the file, which will reset settings to default values."
    );
    let rows = [
        ("invalid json", invalid.clone()),
        ("", invalid.clone()),
        ("{\"a\": 1", invalid),
        (
            "\"string\"",
            format!("Found non-object value \"string\" in settings file {shown}"),
        ),
        (
            "{\"key\": 1, \"key\": 2}",
            format!("Found duplicate key key in settings file {shown}"),
        ),
        (
            "{\"debug\": {\"net\": 1}}",
            format!(
                "The value of debug in settings file {shown} is neither a text, a number, true, false, null nor a list of \
                 those"
            ),
        ),
    ];
    for (text, expected) in rows {
        fs::write(&file, text)?;
        let told = Node::spawn(daemon, &data_dir, &[])?.failure()?;
        assert_eq!(
            told,
            format!("Error: Settings file could not be read:\n- {expected}\n")
        );
        assert_eq!(fs::read_to_string(&file)?, text, "the file was changed");
    }
    fs::remove_file(&file)?;
    fs::create_dir(&file)?;
    let told = Node::spawn(daemon, &data_dir, &[])?.failure()?;
    assert_eq!(
        told,
        format!("Error: Settings file could not be read:\n- {shown}. Please check permissions.\n")
    );
    fs::remove_dir(&file)?;
    Node::start(daemon, &data_dir, &[])?.stop()
}

fn looks_at_no_settings_file_when_told_so(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    Node::start(daemon, &data_dir, &["-nosettings"])?.stop()?;
    let file = data_dir.regtest("settings.json");
    ensure!(!file.exists(), "a file was made");
    fs::write(&file, "invalid json")?;
    let node = Node::start(daemon, &data_dir, &["-nosettings"])?;
    node.log().wait_for("Command-line arg: settings=false")?;
    node.stop()?;
    data_dir.write_config(&format!("{}nosettings=1\n", data_dir.rig_config()))?;
    let node = Node::start(daemon, &data_dir, &[])?;
    node.log().wait_for("Config file arg: [regtest] settings=false")?;
    node.stop()?;
    assert_eq!(fs::read_to_string(&file)?, "invalid json");
    Ok(())
}

fn reads_the_settings_file_that_it_is_told(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    fs::create_dir(data_dir.regtest(""))?;
    let absolute = data_dir.outside().join("absolute ₿.json");
    let absolute_option = format!("-settings={}", absolute.display());
    for (option, file) in [
        ("-settings=other ₿.json", data_dir.regtest("other ₿.json")),
        (absolute_option.as_str(), absolute),
    ] {
        fs::write(&file, "{\"maxuploadtarget\": \"6k\"}")?;
        let node = Node::start(daemon, &data_dir, &[option])?;
        assert_eq!(upload_target(&node)?, Some(6_000), "{option}");
        node.stop()?;
    }
    ensure!(
        !data_dir.regtest("settings.json").exists(),
        "the default file was made too"
    );
    let option = format!("-settings={}", data_dir.outside().join("absent/s.json").display());
    let told = Node::spawn(daemon, &data_dir, &[&option])?.failure()?;
    ensure!(
        told.starts_with(
            "Error: Settings file could not be written:\n- Error: Unable to open settings file "
        ) && told.ends_with("absent/s.json.tmp for writing\n"),
        "{told}"
    );
    Ok(())
}

fn leaves_the_settings_of_a_running_node_alone(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    // What the running node might have written in the meantime, in a form that is not the usual one.
    let file = data_dir.regtest("settings.json");
    fs::write(&file, "{\"a\":1}")?;
    let second = Program::run(daemon.executable(), &[data_dir.option()])?;
    ensure!(
        second.stderr.contains("Cannot obtain a lock"),
        "it is refused for another reason: {second:?}"
    );
    let text = fs::read_to_string(&file).context("the file is gone")?;
    assert_eq!(text, "{\"a\":1}");
    node.stop()
}
