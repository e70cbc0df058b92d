/// One variable, as data: for the example file, for help, and to tell misspelt ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it means, for the operator.
    pub meaning: &'static str,
    /// A safe value for the example file; usually the default, empty where there is none.
    pub example: &'static str,
    /// Is its value secret? Then `NAME_FILE` may name a file that holds it.
    pub secret: bool,
}

impl Setting {
    /// A variable that everybody may see.
    pub const fn open(name: &'static str, example: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, example, secret: false }
    }

    /// A variable that nobody may see. Its example is empty.
    pub const fn secret(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, example: "", secret: true }
    }
}
