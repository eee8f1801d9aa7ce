//! The commands of a mechanism from one list: an entry is the variant, its arguments, the word on the wire, and what people and the
//! tester want to know of it.
//!
//! ```text
//! commands! {
//!     "selective";
//!     /// A JSR now.
//!     Join = "join" RUNNING => NOTHING, "sends a JSR now";
//! }
//! ```
//!
//! makes `enum Command` with `from_request` and `to_request`, and the rows `COMMANDS` of the table. Arguments stand in braces, each
//! with its [`Form`](super::form::Form): `Link { neighbour: Eui64 = EUI64 }`; those that depend on one another are a type that is a
//! [`Group`](super::form::Group): `Install(Installation)`. Behind the condition stand the keys of the answer, and perhaps
//! `brings STATE`.

/// Why a request is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandFault {
    /// No such command: the answer is `unimplemented`.
    #[error("no such command")]
    Unknown,
    /// The named argument is missing, unknown or out of range: the answer is `error code=argument`.
    #[error("argument `{0}` is missing, unknown or out of range")]
    Argument(&'static str),
}

macro_rules! commands {
    ($mechanism:literal; $(
        $(#[$about:meta])*
        $variant:ident $(($group:ty))? $({ $($(#[$field_about:meta])* $field:ident: $type:ty = $form:expr),+ $(,)? })?
        = $name:literal $when:expr => $answers:expr, $(brings $brings:literal,)? $doc:literal;
    )+) => {
        /// The commands of this mechanism, their arguments complete and in range.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Command {
            $($(#[$about])* $variant $(($group))? $({ $($(#[$field_about])* $field: $type,)+ })?,)+
        }

        impl Command {
            /// Judges a request's arguments.
            ///
            /// # Errors
            /// [`CommandFault`](super::CommandFault), which says how the device has to answer; `Unknown` if the command is none of
            /// this mechanism's.
            #[allow(unused_mut, reason = "a mechanism may have no command with arguments")]
            pub fn from_request(request: &super::Request) -> Result<Self, super::CommandFault> {
                let mut fields = super::form::Fields::of(request);
                let command = match request.command.as_str() {
                    $($name => commands!(@take fields $variant $(($group))? $({ $($field = $form,)+ })?),)+
                    _ => return Err(super::CommandFault::Unknown),
                };
                fields.finish()?;
                Ok(command)
            }

            /// The request that asks for this command.
            #[allow(unreachable_patterns, reason = "a mechanism may have a single command")]
            pub fn to_request(&self, seq: u32) -> super::Request {
                let none = super::Arguments::default();
                let (command, arguments) = match self {
                    $(Self::$variant { .. } => {
                        ($name, commands!(@put self none $variant $(($group))? $({ $($field = $form,)+ })?))
                    })+
                };
                super::Request { seq, command: command.into(), arguments }
            }
        }

        /// What there is to know of the commands of this mechanism.
        pub const COMMANDS: &[super::table::CommandInfo] = &[$(super::table::CommandInfo {
            name: $name,
            mechanism: $mechanism,
            keys: commands!(@keys $(($group))? $({ $($field = $form,)+ })?),
            when: $when,
            answers: $answers,
            brings: commands!(@brings $($brings)?),
            doc: $doc,
            check: |request| Command::from_request(request).map(|_| ()),
        },)+];
    };
    (@take $fields:ident $variant:ident) => { Self::$variant };
    (@take $fields:ident $variant:ident ($group:ty)) => {
        Self::$variant(<$group as super::form::Group>::take(&mut $fields)?)
    };
    (@take $fields:ident $variant:ident { $($field:ident = $form:expr,)+ }) => {
        Self::$variant { $($field: $fields.take(stringify!($field), const { $form.reader() })?,)+ }
    };
    (@put $self:ident $none:ident $variant:ident) => { $none };
    (@put $self:ident $none:ident $variant:ident ($group:ty)) => {
        match $self {
            Self::$variant(group) => super::form::Group::put(group, $none),
            _ => $none,
        }
    };
    (@put $self:ident $none:ident $variant:ident { $($field:ident = $form:expr,)+ }) => {
        match $self {
            Self::$variant { $($field,)+ } => $none$(.put(stringify!($field), &$form, $field))+,
            _ => $none,
        }
    };
    (@keys) => { &[] };
    (@keys ($group:ty)) => { <$group as super::form::Group>::KEYS };
    (@keys { $($field:ident = $form:expr,)+ }) => {
        &[$(super::table::KeyInfo::of(stringify!($field), &$form),)+]
    };
    (@brings) => { None };
    (@brings $state:literal) => { Some($state) };
}
