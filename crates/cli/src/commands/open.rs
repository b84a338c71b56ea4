//! What several commands open: the policy, the tree, the cache, keys, and the file to write to.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use plimsoll_engine::sign::{Password, PrivateKey, PublicKey};
use plimsoll_engine::source::{Cache, Dir, GitError, Repository, Site, Tree};
use plimsoll_engine::{
    Checkout, PolicySource, Trusted, cache_version, inside, load_base, load_policy,
};
use plimsoll_model::{Class, Digest, Extent, Service, Subject, Told, TreePath};

use crate::args::{KeyArg, PolicyArgs};

/// The policy that the options name, for what is done to environments.
fn base_policy(args: &PolicyArgs) -> Result<Trusted, Told> {
    Ok(load_base(&policy_source(args)?, Path::new("."))?)
}

/// The policy that the options name, and the service that it is about.
pub(crate) fn service(args: &PolicyArgs) -> Result<(Trusted, Service), Told> {
    let trusted = base_policy(args)?;
    let service = trusted.service(Path::new("."))?;
    Ok((trusted, service))
}

/// The policy that the options name, for an inspection of the tree in `root`.
pub(crate) fn policy(args: &PolicyArgs, root: &Path) -> Result<Trusted, Told> {
    Ok(load_policy(&policy_source(args)?, root)?)
}

fn policy_source(args: &PolicyArgs) -> Result<PolicySource, Told> {
    Ok(match (&args.policy, &args.base) {
        (Some(policy), _) => match policy.split_once("@sha256:") {
            Some((path, digits)) => {
                let sha256 = Digest::from_hex(digits).map_err(|error| {
                    Told::new(Class::Configuration, error.to_string())
                        .while_doing(format!("--policy {policy} does not pin a digest"))
                })?;
                PolicySource::File {
                    path: PathBuf::from(path),
                    sha256: Some(sha256),
                }
            }
            None => PolicySource::File {
                path: PathBuf::from(policy),
                sha256: None,
            },
        },
        (None, Some(revision)) => PolicySource::Base {
            revision: revision.clone(),
        },
        (None, None) => PolicySource::Tree,
    })
}

/// Files to inspect, and what they are.
pub(crate) struct Named {
    /// The files.
    pub(crate) tree: Box<dyn Tree>,
    /// Their name, for people.
    pub(crate) name: String,
    /// The commit they are, when a revision was named.
    pub(crate) subject: Option<Subject>,
    /// Which part of their repository they are.
    pub(crate) scope: Extent,
}

/// The files in a folder, or those of its repository at a revision.
pub(crate) fn tree(path: &Path, rev: Option<&str>) -> Result<Named, Told> {
    let Some(rev) = rev else {
        let dir = Dir::open_tracked(path)?;
        let name = dir
            .root()
            .file_name()
            .map_or_else(|| "/".into(), |name| name.to_string_lossy());
        return Ok(Named {
            name: name.into_owned(),
            subject: None,
            scope: scope(dir.root())?,
            tree: Box::new(dir),
        });
    };
    let checkout = Checkout::open(path, rev)?;
    let tree = checkout.repository.revision(&checkout.commit)?;
    Ok(Named {
        tree: Box::new(tree),
        name: format!("commit {:.12}", checkout.commit.as_str()),
        subject: Some(checkout.subject()),
        scope: Extent::Root,
    })
}

/// Where an inspection of the tree in `root` takes place. `databases` is the folder named for this run,
/// `home` what [`home`] gives.
pub(crate) fn site<'a>(
    trusted: &'a Trusted,
    root: &'a Path,
    databases: Option<&'a Path>,
    home: Option<&'a Path>,
) -> Site<'a> {
    Site {
        folder: &trusted.folder,
        trusted: trusted.trusted,
        root,
        databases,
        home,
        now: Timestamp::now(),
    }
}

/// The part of its repository that a folder is, by its path without links; a folder of none is all
/// there is.
fn scope(folder: &Path) -> Result<Extent, GitError> {
    let repository = match Repository::discover(folder) {
        Ok(repository) => repository,
        Err(GitError::NotARepository { .. }) => return Ok(Extent::Root),
        Err(error) => return Err(error),
    };
    let below = folder
        .strip_prefix(repository.root())
        .expect("the repository was found from the folder upwards");
    Ok(if below.as_os_str().is_empty() {
        Extent::Root
    } else {
        Extent::Folders(vec![TreePath::new(below.to_string_lossy())])
    })
}

/// The cache of extracted facts, or `None` when there is nowhere to keep it: a cache in the tree at
/// `path`, or elsewhere in its repository, could be one that a change brought along.
pub(crate) fn cache(path: &Path) -> Option<Cache> {
    let folder = user_folder("XDG_CACHE_HOME", ".cache")?.join("extracts");
    let repository = Repository::discover(path).ok();
    let root = repository.as_ref().map_or(path, Repository::root);
    let theirs = inside(&folder, root) || inside(&folder, path);
    (!theirs).then(|| Cache::open(&folder, cache_version()))
}

/// The folder in which what was fetched is kept for the user, or `None` without a home.
pub(crate) fn home() -> Option<PathBuf> {
    user_folder("XDG_DATA_HOME", ".local/share")
}

fn user_folder(variable: &str, below_home: &str) -> Option<PathBuf> {
    let set = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let base = set(variable).or_else(|| set("HOME").map(|home| home.join(below_home)))?;
    Some(base.join("plimsoll"))
}

/// The private key that an option names.
pub(crate) fn private_key(arg: &KeyArg) -> Result<PrivateKey, Told> {
    let path = arg.key.display();
    let pem = std::fs::read_to_string(&arg.key)
        .map_err(|error| Told::about_file(format!("cannot read the private key {path}"), &error))?;
    PrivateKey::from_encrypted_pem(&pem, &password()?).map_err(|error| {
        Told::from(error).while_doing(format!("cannot open the private key {path}"))
    })
}

/// The public key in a file.
pub(crate) fn public_key(path: &Path) -> Result<PublicKey, Told> {
    let shown = path.display();
    let pem = std::fs::read_to_string(path)
        .map_err(|error| Told::about_file(format!("cannot read the public key {shown}"), &error))?;
    PublicKey::from_pem(&pem).map_err(|error| {
        Told::from(error).while_doing(format!("cannot use the public key {shown}"))
    })
}

/// The password of private keys.
pub(crate) fn password() -> Result<Password, Told> {
    let password = match variable("PLIMSOLL_PASSWORD")? {
        Some(password) => Some(password),
        None => variable("COSIGN_PASSWORD")?,
    };
    let password = password.ok_or_else(|| {
        Told::new(Class::Configuration, "no password for the private key").with_hint(
            "set PLIMSOLL_PASSWORD or COSIGN_PASSWORD; set it to nothing for a key without one",
        )
    })?;
    Ok(Password::new(password))
}

/// The password of the ledger's own key: none unless one was set when the ledger was made.
pub(crate) fn log_password() -> Result<Password, Told> {
    Ok(Password::new(
        variable("PLIMSOLL_LOG_PASSWORD")?.unwrap_or_default(),
    ))
}

/// The text of an environment variable, or `None` when it is not set. Bytes that are no text are
/// refused: as nothing, they would make a key without a password.
fn variable(name: &str) -> Result<Option<String>, Told> {
    let Some(value) = std::env::var_os(name) else {
        return Ok(None);
    };
    value.into_string().map(Some).map_err(|_| {
        Told::new(
            Class::Configuration,
            format!("the environment variable {name} is not UTF-8 text"),
        )
        .with_hint("set it to text, in UTF-8")
    })
}

/// Writes to a file as a whole, or to standard output. A reader who has closed it, as `head` does, has read
/// what it wanted: the command goes on and ends with the code that it has otherwise.
pub(crate) fn write(
    output: Option<&Path>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Told> {
    let Some(path) = output else {
        let mut out = io::BufWriter::with_capacity(64 << 10, anstream::stdout().lock());
        return match content(&mut out).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let told = Told::new(Class::Internal, error.to_string());
                Err(told.while_doing("cannot write to standard output"))
            }
            Ok(()) | Err(_) => Ok(()),
        };
    };
    let mut bytes = Vec::new();
    content(&mut bytes)
        .and_then(|()| write_file(path, &bytes))
        .map_err(|error| Told::about_file(format!("cannot write {}", path.display()), &error))
}

/// Replaces a file as a whole, behind the link if there is one. A device or a pipe is written to.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match path.metadata() {
        Ok(there) if there.is_file() => {
            let mode = there.permissions().mode();
            plimsoll_durable::replace(&path.canonicalize()?, mode, bytes)
        }
        Ok(_) => std::fs::write(path, bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            plimsoll_durable::replace(path, 0o666, bytes)
        }
        Err(error) => Err(error),
    }
}
