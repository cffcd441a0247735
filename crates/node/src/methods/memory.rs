//! `getmemoryinfo`: how much memory the process uses.

use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind};
use serde_json::json;

use crate::memory;

pub(super) fn getmemoryinfo() -> Method {
    let number = |description: &'static str| Shape::new(ShapeKind::Number, description);
    let figures = ShapeKind::Object(vec![
        ("used", number("Bytes that are in physical memory")),
        (
            "free",
            number("Bytes that are reserved and not in physical memory"),
        ),
        (
            "total",
            number("Bytes of the address space in use, the sum of the two"),
        ),
        ("locked", number("Bytes that cannot be swapped out")),
        (
            "chunks_used",
            number("Mappings of which something is in physical memory"),
        ),
        (
            "chunks_free",
            number("Mappings of which nothing is in physical memory"),
        ),
    ]);
    let locked = Shape::new(figures, "The memory mapped by the process");
    Method::declare("control", "getmemoryinfo", "Tells how much memory the process uses.")
        .param(Param::defaulted(
            "mode",
            Kind::String,
            "stats",
            "What to tell.\n- \"stats\": figures for the process as a whole.\n- \"mallocinfo\": an XML text about the \
             heap, from the C library where it is glibc.",
        ))
        .result_when("mode \"stats\"", Shape::new(ShapeKind::Object(vec![("locked", locked)]), ""))
        .result_when("mode \"mallocinfo\"", Shape::new(ShapeKind::String, "\"<malloc version=\"1\">...\""))
        .example("", "")
        .handle(async |request| {
            let mode: Option<String> = request.arguments.optional("mode")?;
            // Reading the figures takes as long as the process has mappings.
            let read = tokio::task::spawn_blocking(move || match mode.as_deref() {
                None | Some("stats") => stats(),
                Some("mallocinfo") => heap_description(),
                Some(mode) => Err(RpcError::invalid_parameter(format!("unknown mode {mode}"))),
            });
            read.await.unwrap_or_else(|error| Err(RpcError::misc(error.to_string())))
        })
}

fn stats() -> Outcome {
    let figures = memory::figures().map_err(|error| RpcError::misc(error.to_string()))?;
    Ok(json!({ "locked": {
        "used": figures.resident,
        "free": figures.total - figures.resident,
        "total": figures.total,
        "locked": figures.locked,
        "chunks_used": figures.resident_mappings,
        "chunks_free": figures.empty_mappings,
    }}))
}

fn heap_description() -> Outcome {
    match memory::heap_description() {
        Some(description) => Ok(description.into()),
        None => Err(RpcError::invalid_parameter("mallocinfo mode not available")),
    }
}
