//! The methods by which blocks are made and taken.

mod auxiliary;
mod generate;
mod info;
mod submit;
mod template;

use rpc::Method;

use crate::state::Node;

/// All of them.
pub(super) fn methods(node: &Node) -> Vec<Method> {
    let mut methods = generate::methods(node);
    methods.extend(info::methods(node));
    methods.extend(submit::methods(node));
    methods.push(template::getblocktemplate(node.clone()));
    methods.extend(auxiliary::methods(node));
    methods
}
