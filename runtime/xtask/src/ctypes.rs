//! The ctypes view of the library, for the Python package.

use std::fmt::Write;

use crate::library::{Library, Type};

const HEAD: &str = r#""""The C ABI in ctypes. Generated from runtime/abi by `make header`; do not edit."""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int32,
    c_int64,
    c_size_t,
    c_ssize_t,
    c_uint8,
    c_uint32,
    c_uint64,
    c_void_p,
)

"#;

pub fn generate(library: &Library) -> String {
    let mut text = HEAD.to_string();
    let _ = writeln!(text, "VERSION = \"{}\"", env!("CARGO_PKG_VERSION"));
    for constant in &library.constants {
        let value = match constant.value.as_str() {
            "i64 :: MIN" => "-(2**63)".into(),
            "u64 :: MAX" => "2**64 - 1".into(),
            value => value.replace("- ", "-"),
        };
        let _ = writeln!(text, "{} = {value}", constant.name);
    }
    for item in &library.structs {
        let _ = writeln!(text, "\n\nclass {}(Structure):\n    pass", item.name);
    }
    text.push('\n');
    for item in &library.structs {
        for (field, ty) in &item.fields {
            if let Type::Callback { arguments, result } = ty {
                let types: Vec<String> =
                    std::iter::once(result.as_ref()).chain(arguments).map(|ty| name(library, ty)).collect();
                let _ = writeln!(text, "\n{}_{field} = CFUNCTYPE({})", item.name, types.join(", "));
            }
        }
        let _ = writeln!(text, "\n{}._fields_ = [", item.name);
        for (field, ty) in &item.fields {
            let ty =
                if matches!(ty, Type::Callback { .. }) { format!("{}_{field}", item.name) } else { name(library, ty) };
            let _ = writeln!(text, "    (\"{field}\", {ty}),");
        }
        text.push_str("]\n");
    }
    text.push_str("\n\ndef declare(library: ctypes.CDLL) -> None:\n    \"\"\"Gives every function of the library its prototype.\"\"\"\n");
    for function in &library.functions {
        let types: Vec<String> = function.arguments.iter().map(|(_, ty)| argument(library, ty)).collect();
        let _ = writeln!(text, "    library.{}.argtypes = [{}]", function.name, types.join(", "));
        let _ = writeln!(text, "    library.{}.restype = {}", function.name, name(library, &function.result));
    }
    text
}

/// A type as an argument of ours: text may be given as bytes.
fn argument(library: &Library, ty: &Type) -> String {
    match ty {
        Type::Pointer(of) if matches!(of.as_ref(), Type::Name(name) if name == "c_char") => "c_char_p".into(),
        Type::Callback { .. } => "c_void_p".into(),
        _ => name(library, ty),
    }
}

/// A type in a struct or a callback: text is an address, because it has a length and no end.
fn name(library: &Library, ty: &Type) -> String {
    match ty {
        Type::Void => "None".into(),
        Type::Name(name) => match name.as_str() {
            "i32" | "rm_status" => "c_int32".into(),
            "i64" => "c_int64".into(),
            "u8" => "c_uint8".into(),
            "u32" => "c_uint32".into(),
            "u64" => "c_uint64".into(),
            "usize" => "c_size_t".into(),
            "isize" => "c_ssize_t".into(),
            name if library.handles.iter().any(|handle| handle == name) => "c_uint64".into(),
            name => name.into(),
        },
        Type::Pointer(of) => match of.as_ref() {
            Type::Name(name) if name == "c_void" || name == "c_char" => "c_void_p".into(),
            Type::Pointer(_) => "POINTER(c_void_p)".into(),
            of => format!("POINTER({})", name(library, of)),
        },
        Type::Callback { .. } => "c_void_p".into(),
    }
}
