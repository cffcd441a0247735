use super::super::fixture;
use super::*;

/// Checks that each element is closed where it should be and each attribute quoted, and returns the names of the
/// elements. Contents of scripts and styles have no `<`.
fn elements(page: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut open = Vec::new();
    let page = page.strip_prefix("<!DOCTYPE html>").unwrap();
    for part in page.split('<').skip(1) {
        let (tag, content) = part.split_once('>').unwrap();
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{part}");
            continue;
        }
        let (tag, is_closed) = match tag.strip_suffix('/') {
            Some(tag) => (tag, true),
            None => (tag, false),
        };
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        while !attributes.trim().is_empty() {
            let (attribute, rest) = attributes.split_once("=\"").unwrap_or_else(|| panic!("{tag}"));
            let plain = |character: char| character.is_ascii_alphanumeric() || "- ".contains(character);
            assert!(attribute.chars().all(plain), "{tag}");
            attributes = rest.split_once('"').unwrap_or_else(|| panic!("{tag}")).1;
        }
        names.push(name);
        if !is_closed {
            open.push(name);
        }
        assert!(
            !content.contains('>') || ["script", "style"].contains(&name),
            "{part}"
        );
    }
    assert!(open.is_empty(), "{open:?}");
    names
}

#[test]
fn the_page_is_well_formed_and_shows_every_package_in_both_pictures() {
    let (graph, record) = fixture::ten_units();
    let page = render(&graph, Some(&record));
    let names = elements(&page);
    assert_eq!(names.iter().filter(|name| **name == "svg").count(), 2);
    assert_eq!(names.iter().filter(|name| **name == "script").count(), 1);
    for node in &graph.nodes {
        let marked = format!("data-package=\"{}\"", escape(&node.label));
        // A box, a row of the timeline, and a row of the table.
        assert_eq!(page.matches(&marked).count(), 3, "{}", node.label);
    }
    assert_eq!(page.matches("class=\"line").count(), 7);
    let critical = ["native_capnp", "capnp", "libmultiprocess"];
    assert_eq!(page.matches("class=\"row critical\"").count(), critical.len());
    for label in critical {
        assert!(
            page.contains(&format!("class=\"row critical\" data-package=\"{label}\"")),
            "{label}"
        );
    }
}

#[test]
fn what_packages_and_options_say_is_never_markup() {
    let (graph, record) = fixture::ten_units();
    let page = render(&graph, Some(&record));
    for raw in ["<b>", "<x>", "<&>", "<is>"] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert!(page.contains("&lt;b&gt;&amp;&quot;&#39;"));
    assert!(page.contains("CFLAGS=-O2 &lt;x&gt;"));
}

#[test]
fn the_page_loads_nothing() {
    let (graph, record) = fixture::ten_units();
    let page = render(&graph, Some(&record)).replace("http-equiv", "");
    for word in ["http", "src=", "href", "@import", "url(", "fetch("] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn without_a_record_there_is_no_timeline() {
    let (graph, _) = fixture::ten_units();
    let page = render(&graph, None);
    assert_eq!(elements(&page).iter().filter(|name| **name == "svg").count(), 1);
    assert!(page.contains("No build of this host is recorded."));
    let nothing = Graph {
        host: "h".to_owned(),
        nodes: Vec::new(),
    };
    elements(&render(&nothing, None));
}

#[test]
fn boxes_stand_right_of_what_they_need_and_never_on_each_other() {
    let (graph, _) = fixture::ten_units();
    let layout = layout::layout(&graph);
    for (index, (x, y)) in layout.places.iter().enumerate() {
        for need in graph.nodes[index].needs() {
            assert!(layout.places[need].0 + layout::WIDTH < *x);
        }
        for (other_x, other_y) in &layout.places[..index] {
            let apart_x = x.abs_diff(*other_x) >= layout::WIDTH;
            assert!(apart_x || y.abs_diff(*other_y) >= layout::HEIGHT, "{index}");
        }
        assert!(x + layout::WIDTH < layout.size.0 + 1 && y + layout::HEIGHT < layout.size.1 + 1);
    }
}

#[test]
fn durations_are_written_for_people() {
    let rows = [
        (0, "0"),
        (12, "12 ms"),
        (999, "999 ms"),
        (1500, "1.5 s"),
        (120_000, "2 min"),
        (184_000, "3 min 04 s"),
    ];
    for (milliseconds, expected) in rows {
        assert_eq!(time(Duration::from_millis(milliseconds)), expected);
    }
}
