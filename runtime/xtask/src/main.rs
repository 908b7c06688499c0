//! Generates what is generated. `cargo run -p xtask [FOLDER]` writes below FOLDER, the repository's root by default.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs, io};

mod ctypes;
mod header;
mod layout;
mod library;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::args_os().nth(1).map_or_else(|| root.clone(), PathBuf::from);
    match generate(&root.join("runtime/abi"), &target) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn generate(abi: &Path, target: &Path) -> io::Result<()> {
    let library = library::Library::read(&abi.join("src"))?;
    write(&target.join("include/remotemedia.h"), &header::generate(abi, &library)?)?;
    write(&target.join("bindings/python/remotemedia/_engine/_abi.py"), &ctypes::generate(&library))?;
    write(&target.join("tests/c/layout.c"), &layout::c(&library))?;
    write(&target.join("runtime/abi/tests/layout.rs"), &layout::rust(&library))?;
    let schema = remotemedia_core::Manifest::schema().value();
    write(&target.join("docs/manifest.schema.json"), &format!("{schema:#}\n"))
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}
