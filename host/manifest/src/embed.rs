//! The manifest inside a component: written as the last build step, read without running code.
//!
//! Only the outermost level of the component counts. A custom section of a module nested inside it is the tool chain's,
//! or a stranger's try to be read as something else. The file is walked from section to section by their stated lengths;
//! nothing inside them is decoded, so that a hostile file costs no more than its size.

use thiserror::Error;
use wasm_encoder::{ComponentSection, CustomSection};
use wasmparser::BinaryReader;

use crate::manifest::Manifest;
use crate::manifest_error::InvalidManifest;
use crate::text::Lang;

/// The name of the custom section that holds the manifest as JSON.
pub const SECTION: &str = "relais:manifest";

/// The first four bytes of every WebAssembly file.
const MAGIC: [u8; 4] = *b"\0asm";
/// The version of the component binary format, and the layer that says "component".
const COMPONENT: ([u8; 2], [u8; 2]) = ([0x0d, 0x00], [0x01, 0x00]);
/// The version of the core binary format, and the layer that says "module".
const MODULE: ([u8; 2], [u8; 2]) = ([0x01, 0x00], [0x00, 0x00]);
/// The id of a custom section, at every level.
const CUSTOM: u8 = 0;

/// Why a file has no manifest to read or cannot be given one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.text(Lang::En))]
#[non_exhaustive]
pub enum EmbedError {
    /// The file has no bytes.
    Empty,
    /// The file does not begin as WebAssembly does.
    NotWasm,
    /// The file ends inside a section, or before its first.
    Truncated {
        /// Where the file ends, in bytes.
        at: usize,
    },
    /// A section's head cannot be read.
    Malformed {
        /// Where, in bytes.
        at: usize,
    },
    /// A core module, which is what compilers make before it is turned into a component.
    CoreModule,
    /// A binary format that this host does not know.
    UnknownFormat {
        /// The version field of the file.
        version: u16,
        /// The layer field of the file.
        layer: u16,
    },
    /// A component without a manifest.
    NoManifest,
    /// A component with more than one manifest.
    TwoManifests,
    /// A manifest that is refused.
    Invalid(#[from] InvalidManifest),
}

impl EmbedError {
    /// A full sentence in `lang` that says what to do.
    pub fn text(&self, lang: Lang) -> String {
        let (fr, en) = match self {
            Self::Empty => ("le fichier est vide.".to_owned(), "the file is empty.".to_owned()),
            Self::NotWasm => (
                "ce n'est pas un fichier WebAssembly (.wasm).".to_owned(),
                "this is not a WebAssembly file (.wasm).".to_owned(),
            ),
            Self::Truncated { at } => (
                format!("le fichier est tronqué : il s'arrête à l'octet {at}. Copiez-le ou construisez-le à nouveau."),
                format!("the file is cut short: it ends at byte {at}. Copy or build it again."),
            ),
            Self::Malformed { at } => (
                format!("le fichier est abîmé à l'octet {at}. Copiez-le ou construisez-le à nouveau."),
                format!("the file is damaged at byte {at}. Copy or build it again."),
            ),
            Self::CoreModule => (
                "c'est un module WebAssembly, pas un composant : construisez pour wasm32-wasip2, ou passez par « wasm-tools component new »."
                    .to_owned(),
                "this is a core WebAssembly module, not a component: build for wasm32-wasip2, or use `wasm-tools component new`."
                    .to_owned(),
            ),
            Self::UnknownFormat { version, layer } => (
                format!("format WebAssembly inconnu (version {version}, couche {layer})."),
                format!("unknown WebAssembly format (version {version}, layer {layer})."),
            ),
            Self::NoManifest => (
                "ce composant n'a pas de manifeste : « relais connector pack FICHIER --manifest connector.toml » l'ajoute."
                    .to_owned(),
                "this component has no manifest: `relais connector pack FILE --manifest connector.toml` adds it."
                    .to_owned(),
            ),
            Self::TwoManifests => (
                "ce composant a plusieurs manifestes : « relais connector pack » n'en laisse qu'un.".to_owned(),
                "this component has several manifests: `relais connector pack` leaves one.".to_owned(),
            ),
            Self::Invalid(invalid) => (
                format!("le manifeste est refusé.\n{}", invalid.text(Lang::Fr)),
                format!("the manifest is refused.\n{}", invalid.text(Lang::En)),
            ),
        };
        lang.pick(fr, en)
    }
}

/// `component` with `manifest` as its last section, in the place of any that it had. The same input gives the same bytes.
///
/// # Errors
///
/// A file that is not a whole component, and a manifest that is not valid.
pub fn pack(component: &[u8], manifest: &Manifest) -> Result<Vec<u8>, EmbedError> {
    manifest.validate()?;
    let json = manifest.to_json()?;
    let (preamble, sections) = split(component)?;
    let mut packed = Vec::with_capacity(component.len().saturating_add(json.len()).saturating_add(64));
    packed.extend_from_slice(preamble);
    for section in sections.iter().filter(|section| section.manifest.is_none()) {
        packed.extend_from_slice(section.whole);
    }
    CustomSection {
        name: SECTION.into(),
        data: json.as_bytes().into(),
    }
    .append_to_component(&mut packed);
    Ok(packed)
}

/// The manifest of `component`, read without running or compiling it.
///
/// # Errors
///
/// A file that is not a component, is cut short or damaged, has no manifest or several, or one that is not valid.
pub fn read(component: &[u8]) -> Result<Manifest, EmbedError> {
    let (_, sections) = split(component)?;
    let mut manifests = sections.iter().filter_map(|section| section.manifest);
    match (manifests.next(), manifests.next()) {
        (None, _) => Err(EmbedError::NoManifest),
        (Some(_), Some(_)) => Err(EmbedError::TwoManifests),
        (Some(json), None) => Ok(Manifest::from_json(json)?),
    }
}

/// One section of the outermost level.
struct Section<'a> {
    /// Id, length and content.
    whole: &'a [u8],
    /// What a manifest section holds after its name.
    manifest: Option<&'a [u8]>,
}

/// The preamble of a component and its sections.
fn split(file: &[u8]) -> Result<(&[u8], Vec<Section<'_>>), EmbedError> {
    let (preamble, mut rest) = file.split_at_checked(8).unwrap_or((file, &[]));
    check_preamble(preamble)?;
    let mut sections = Vec::new();
    while !rest.is_empty() {
        let start = file.len() - rest.len();
        let mut reader = BinaryReader::new(rest, start);
        let section = section(&mut reader, rest).map_err(|error| match error {
            Stop::End => EmbedError::Truncated { at: file.len() },
            Stop::Malformed => EmbedError::Malformed { at: start },
        })?;
        rest = rest.get(section.whole.len()..).unwrap_or_default();
        sections.push(section);
    }
    Ok((preamble, sections))
}

fn check_preamble(preamble: &[u8]) -> Result<(), EmbedError> {
    if preamble.is_empty() {
        return Err(EmbedError::Empty);
    }
    if !preamble.iter().zip(MAGIC).all(|(found, expected)| *found == expected) {
        return Err(EmbedError::NotWasm);
    }
    let [_, _, _, _, v0, v1, l0, l1] = *preamble else {
        return Err(EmbedError::Truncated { at: preamble.len() });
    };
    match ([v0, v1], [l0, l1]) {
        COMPONENT => Ok(()),
        MODULE => Err(EmbedError::CoreModule),
        (version, layer) => Err(EmbedError::UnknownFormat {
            version: u16::from_le_bytes(version),
            layer: u16::from_le_bytes(layer),
        }),
    }
}

enum Stop {
    End,
    Malformed,
}

/// The section that `bytes` begins with. `reader` stands at its start.
fn section<'a>(reader: &mut BinaryReader<'a>, bytes: &'a [u8]) -> Result<Section<'a>, Stop> {
    let start = reader.original_position();
    // A length that does not fit in 32 bits is damage; one that cannot be read to its end is a cut.
    let stop = |reader: &BinaryReader<'_>| {
        if reader.eof() { Stop::End } else { Stop::Malformed }
    };
    let id = reader.read_u8().map_err(|_| Stop::End)?;
    let length = reader.read_var_u32().map_err(|_| stop(reader))?;
    let head = reader.original_position() - start;
    let length = usize::try_from(length).map_err(|_| Stop::Malformed)?;
    let content = reader.read_bytes(length).map_err(|_| Stop::End)?;
    let whole = bytes.get(..head + length).ok_or(Stop::End)?;
    let manifest = if id == CUSTOM { manifest_of(content)? } else { None };
    Ok(Section { whole, manifest })
}

/// What follows the name of a custom section, if the name is ours.
fn manifest_of(content: &[u8]) -> Result<Option<&[u8]>, Stop> {
    let mut reader = BinaryReader::new(content, 0);
    let name = reader.read_unlimited_string().map_err(|_| Stop::Malformed)?;
    Ok((name == SECTION).then(|| content.get(reader.original_position()..).unwrap_or_default()))
}
