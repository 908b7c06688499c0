//! The layout of the structs, asserted on both sides of the border.

use std::fmt::Write;

use crate::library::{Library, Struct, Type};

/// Assertions in C.
pub fn c(library: &Library) -> String {
    let mut text = String::from(
        "/* The layout of the structs on 64-bit machines. Generated from runtime/abi by `make header`; do not edit. */\n\n\
         #include <remotemedia.h>\n\n#define LAYOUT(what, value) _Static_assert((what) == (value), #what)\n\n",
    );
    for item in &library.structs {
        let (fields, size) = lay_out(item);
        let _ = writeln!(text, "LAYOUT(sizeof({}), {size});", item.name);
        for (field, offset) in fields {
            let _ = writeln!(text, "LAYOUT(offsetof({}, {field}), {offset});", item.name);
        }
    }
    text.push_str("\nint main(void) { return 0; }\n");
    text
}

/// The same assertions in Rust, over Rust's own numbers.
pub fn rust(library: &Library) -> String {
    let mut text = String::from(
        "//! The layout of the structs on 64-bit machines. Generated from runtime/abi by `make header`; do not edit.\n\n\
         use std::mem::offset_of;\n\nuse remotemedia::*;\n\n#[test]\n#[cfg(target_pointer_width = \"64\")]\nfn layout() {\n",
    );
    for item in &library.structs {
        let (fields, size) = lay_out(item);
        let _ = writeln!(text, "    assert_eq!(size_of::<{}>(), {size});", item.name);
        for (field, offset) in fields {
            let _ = writeln!(text, "    assert_eq!(offset_of!({}, {field}), {offset});", item.name);
        }
    }
    text.push_str("}\n");
    text
}

/// Offsets and size by the rules of C on a 64-bit machine.
fn lay_out(item: &Struct) -> (Vec<(&str, usize)>, usize) {
    let (mut end, mut widest) = (0usize, 1);
    let mut fields = Vec::new();
    for (field, ty) in &item.fields {
        let size = size_of_type(ty);
        end = end.next_multiple_of(size);
        fields.push((field.as_str(), end));
        end += size;
        widest = widest.max(size);
    }
    (fields, end.next_multiple_of(widest))
}

fn size_of_type(ty: &Type) -> usize {
    match ty {
        Type::Name(name) if name == "u8" => 1,
        Type::Name(name) if matches!(name.as_str(), "u32" | "i32" | "rm_status") => 4,
        _ => 8,
    }
}
