//! Where the symbolic links of a tree lead, told from the tree's list of paths alone.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::unpack::Node;

/// What kernels allow.
const N_LINKS: usize = 40;

/// A link that is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkError {
    Escaping,
    Circular,
}

/// Checks that the link at `link` to `target` leads nowhere outside `root`, through whatever other links. It may lead
/// to something that does not exist.
pub(super) fn check(
    nodes: &BTreeMap<PathBuf, Node>,
    root: &Path,
    link: &Path,
    target: &Path,
) -> Result<(), LinkError> {
    let mut at = link.parent().unwrap_or(Path::new("")).to_owned();
    let mut ahead = VecDeque::new();
    push_front(&mut ahead, target)?;
    let mut n_links = 0;
    while let Some(step) = ahead.pop_front() {
        let Step::Down(name) = step else {
            if at == root || !at.pop() {
                return Err(LinkError::Escaping);
            }
            continue;
        };
        at.push(name);
        if let Some(Node::Symlink { target }) = nodes.get(&at) {
            n_links += 1;
            if n_links > N_LINKS {
                return Err(LinkError::Circular);
            }
            at.pop();
            push_front(&mut ahead, target)?;
        }
    }
    Ok(())
}

enum Step {
    Up,
    Down(OsString),
}

fn push_front(ahead: &mut VecDeque<Step>, target: &Path) -> Result<(), LinkError> {
    for component in target.components().rev() {
        match component {
            Component::Normal(name) => ahead.push_front(Step::Down(name.to_owned())),
            Component::ParentDir => ahead.push_front(Step::Up),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return Err(LinkError::Escaping),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_through_links_and_may_not_leave_the_root() {
        let mut nodes = BTreeMap::new();
        for directory in ["r", "r/x", "r/x/y", "other"] {
            nodes.insert(PathBuf::from(directory), Node::Directory);
        }
        for (link, target) in [
            ("r/x/y/up", "../.."),
            ("r/dangling", "x/none/deeper"),
            ("r/loop", "loop"),
            ("r/ping", "pong"),
            ("r/pong", "ping"),
        ] {
            let target = PathBuf::from(target);
            nodes.insert(PathBuf::from(link), Node::Symlink { target });
        }
        let check =
            |link: &str, target: &str| check(&nodes, Path::new("r"), Path::new(link), Path::new(target));
        for (link, target, expected) in [
            ("r/a", "x/y", Ok(())),
            ("r/a", ".", Ok(())),
            ("r/x/a", "..", Ok(())),
            ("r/x/a", "../x/../x/y/none", Ok(())),
            ("r/a", "dangling/../..", Ok(())),
            ("r/a", "x/y/up/x", Ok(())),
            ("r/a", "..", Err(LinkError::Escaping)),
            ("r/x/a", "../..", Err(LinkError::Escaping)),
            ("r/a", "../r/x", Err(LinkError::Escaping)),
            ("r/a", "../other", Err(LinkError::Escaping)),
            ("r/a", "/etc/passwd", Err(LinkError::Escaping)),
            // By the letters of its path, this one stays inside: the link on its way makes it leave.
            ("r/a", "x/y/up/..", Err(LinkError::Escaping)),
            ("r/a", "loop", Err(LinkError::Circular)),
            ("r/a", "ping/x", Err(LinkError::Circular)),
        ] {
            assert_eq!(check(link, target), expected, "{link} -> {target}");
        }
    }
}
