//! What the library exports, read from its sources.

use std::path::Path;
use std::{fs, io};

use syn::{FnArg, GenericArgument, Item, PathArguments, ReturnType, Visibility};

/// What the library exports, in the order of its files.
#[derive(Default)]
pub struct Library {
    pub constants: Vec<Constant>,
    /// The names of the types that are 64-bit handles.
    pub handles: Vec<String>,
    pub structs: Vec<Struct>,
    pub functions: Vec<Function>,
}

pub struct Constant {
    pub name: String,
    /// As written in Rust.
    pub value: String,
}

pub struct Struct {
    pub name: String,
    pub fields: Vec<(String, Type)>,
}

pub struct Function {
    pub name: String,
    pub arguments: Vec<(String, Type)>,
    pub result: Type,
}

/// A type that may cross the border.
pub enum Type {
    Void,
    /// A type with a name: an integer, `c_char`, `c_void`, or one of ours.
    Name(String),
    Pointer(Box<Type>),
    Callback {
        arguments: Vec<Type>,
        result: Box<Type>,
    },
}

impl Library {
    pub fn read(folder: &Path) -> io::Result<Library> {
        let mut files: Vec<_> =
            fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
        files.sort();
        let mut library = Library::default();
        for path in files {
            let file = syn::parse_file(&fs::read_to_string(&path)?)
                .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
            // What is there in some builds only is in no header.
            if file.attrs.iter().any(|attribute| attribute.path().is_ident("cfg")) {
                continue;
            }
            file.items.into_iter().try_for_each(|item| library.add(item))?;
        }
        Ok(library)
    }

    fn add(&mut self, item: Item) -> io::Result<()> {
        match item {
            Item::Const(item) if item.ident.to_string().starts_with("RM_") => {
                let value = &item.expr;
                self.constants
                    .push(Constant { name: item.ident.to_string(), value: quote::quote!(#value).to_string() });
            }
            Item::Type(item) if is_ours(&item.ident, &item.vis) => {
                if matches!(Type::of(&item.ty)?, Type::Name(name) if name == "u64") {
                    self.handles.push(item.ident.to_string());
                }
            }
            Item::Struct(item) if is_ours(&item.ident, &item.vis) => {
                let name = |field: &syn::Field| field.ident.as_ref().map(ToString::to_string).unwrap_or_default();
                let fields = item.fields.iter().map(|field| Ok((name(field), Type::of(&field.ty)?)));
                self.structs.push(Struct { name: item.ident.to_string(), fields: fields.collect::<io::Result<_>>()? });
            }
            Item::Fn(item) if item.sig.abi.is_some() && is_ours(&item.sig.ident, &item.vis) => {
                let arguments = item.sig.inputs.iter().map(|argument| match argument {
                    FnArg::Typed(argument) => {
                        let name = &argument.pat;
                        Ok((quote::quote!(#name).to_string(), Type::of(&argument.ty)?))
                    }
                    FnArg::Receiver(_) => Err(io::Error::other("an exported function has a self")),
                });
                self.functions.push(Function {
                    name: item.sig.ident.to_string(),
                    arguments: arguments.collect::<io::Result<_>>()?,
                    result: Type::of_return(&item.sig.output)?,
                });
            }
            _ => {}
        }
        Ok(())
    }
}

fn is_ours(name: &syn::Ident, visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_)) && name.to_string().starts_with("rm_")
}

impl Type {
    fn of(ty: &syn::Type) -> io::Result<Type> {
        match ty {
            syn::Type::Ptr(pointer) => Ok(Type::Pointer(Box::new(Type::of(&pointer.elem)?))),
            syn::Type::BareFn(function) => Ok(Type::Callback {
                arguments: function.inputs.iter().map(|argument| Type::of(&argument.ty)).collect::<io::Result<_>>()?,
                result: Box::new(Type::of_return(&function.output)?),
            }),
            syn::Type::Path(path) => {
                let last = path.path.segments.last().ok_or_else(|| io::Error::other("an empty path"))?;
                match &last.arguments {
                    // Option<fn>: a function pointer that may be null.
                    PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
                        Some(GenericArgument::Type(inner)) => Type::of(inner),
                        _ => Err(io::Error::other("a generic type that is no Option of a function")),
                    },
                    _ => Ok(Type::Name(last.ident.to_string())),
                }
            }
            other => Err(io::Error::other(format!("{} cannot cross the border", quote::quote!(#other)))),
        }
    }

    fn of_return(output: &ReturnType) -> io::Result<Type> {
        match output {
            ReturnType::Default => Ok(Type::Void),
            ReturnType::Type(_, ty) => Type::of(ty),
        }
    }
}
