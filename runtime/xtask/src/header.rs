//! The C header.

use std::io;
use std::path::Path;

use crate::library::{Library, Struct, Type};

/// The structs that only the library fills in.
const FILLED_BY_US: [&str; 1] = ["rm_part"];

pub fn generate(abi: &Path, library: &Library) -> io::Result<String> {
    let config = cbindgen::Config::from_file(abi.join("cbindgen.toml")).map_err(io::Error::other)?;
    let bindings = cbindgen::Builder::new().with_crate(abi).with_config(config).generate().map_err(io::Error::other)?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).map_err(io::Error::other)?;
    Ok(add_initialisers(&parenthesise(&text), library))
}

/// Puts behind each struct that a caller fills in a macro with its size and its defaults, for C99 and C++11.
fn add_initialisers(text: &str, library: &Library) -> String {
    let line = |line: &str| {
        let name = line.strip_prefix("} ").and_then(|line| line.strip_suffix(';'));
        let item = library.structs.iter().find(|item| Some(item.name.as_str()) == name);
        let initialiser = item.filter(|item| !FILLED_BY_US.contains(&item.name.as_str())).map(initialiser);
        format!("{line}\n{}", initialiser.unwrap_or_default())
    };
    text.lines().map(line).collect()
}

fn initialiser(item: &Struct) -> String {
    let values = item.fields.iter().map(|(field, ty)| match (field.as_str(), ty) {
        ("struct_size", _) => format!("sizeof({})", item.name),
        ("abi_version", _) => "RM_ABI_VERSION".into(),
        ("pts" | "duration", _) => "RM_TIME_NONE".into(),
        ("index", _) => "RM_INDEX_NONE".into(),
        (_, Type::Pointer(_) | Type::Callback { .. }) => "NULL".into(),
        _ => "0".into(),
    });
    let mut text = format!("\n#define {}_INIT {{", item.name.to_uppercase());
    let mut width = text.len();
    for (at, value) in values.enumerate() {
        let separator = if at == 0 { " " } else { ", " };
        if width + value.len() > 110 {
            text.push_str(", \\\n   ");
            width = 4;
            text.push_str(&format!(" {value}"));
        } else {
            text.push_str(&format!("{separator}{value}"));
        }
        width += value.len() + 2;
    }
    text.push_str(" }\n");
    format!("\n/**\n * To begin with: what has to be set in an `{}` is set.\n */{text}", item.name)
}

/// cbindgen prints negative constants bare; `a RM_ERR_X` must not become `a -1`.
fn parenthesise(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("#define ").and_then(|define| define.rsplit_once(" -")) {
        Some((name, digits)) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("#define {name} (-{digits})\n")
        }
        _ => format!("{line}\n"),
    };
    text.lines().map(line).collect()
}
