//! The C library's own description of its heap. The only place of this crate that calls C.

/// glibc's XML text; nothing with another C library.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "malloc_info writes to a C stream")]
pub(crate) fn heap_description() -> Option<String> {
    let mut text: *mut libc::c_char = std::ptr::null_mut();
    let mut length: libc::size_t = 0;
    // SAFETY: both pointers outlive the stream, which is closed below and never used again.
    let stream = unsafe { libc::open_memstream(&raw mut text, &raw mut length) };
    if stream.is_null() {
        return None;
    }
    // SAFETY: the stream is open. malloc_info takes the heap's locks itself.
    let written = unsafe { libc::malloc_info(0, stream) } == 0;
    // SAFETY: the stream is open; closing it makes `text` and `length` final.
    let closed = unsafe { libc::fclose(stream) } == 0;
    if text.is_null() {
        return None;
    }
    // SAFETY: a closed memory stream leaves `length` initialised bytes at `text`.
    let bytes = unsafe { std::slice::from_raw_parts(text.cast::<u8>(), length) };
    let description = String::from_utf8_lossy(bytes).into_owned();
    // SAFETY: the caller of open_memstream owns the buffer, which nothing refers to any more.
    unsafe { libc::free(text.cast()) };
    (written && closed).then_some(description)
}

/// Nothing: another C library has no such description.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn heap_description() -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    #[test]
    fn the_description_is_xml() {
        let text = super::heap_description().unwrap();
        assert!(
            text.starts_with("<malloc version=\"1\">") && text.trim_end().ends_with("</malloc>"),
            "{text}"
        );
    }
}
