"""This module holds every error a user can cause; each is a sentence about the user's data.

KbError
├── SettingsError      a setting has an unknown name or a wrong value
├── ArticleError       one article can't be read: path, line, what is wrong, what would be right
├── NotFoundError      no article has this number or path
├── InputError         a paste or a judged set is not what it should be
│   └── LockedError        a backup does not open by this key or passphrase
├── ConflictError      an article was changed by somebody else since it was opened
├── SignInError        name, password and code do not belong together
├── RefusedError       this person may not do that
├── TooOftenError      somebody asks more often than one may
├── StoreError         the database can't be opened, read or written
├── BackupError        a backup can't be written, opened, or is not what was written
├── EncoderError       the encoder of meaning can't be loaded, or is not what it should be
│   └── NoEncoderError     there is none: switched off, or not installed
├── EngineError        the search cluster does not answer as it should
│   └── RefusedSaveError   it answers, and takes no changes
└── BundleError        the index on disk
    ├── NoBundleError      nothing was built yet
    ├── StaleBundleError   built by another version or with another dictionary: build again
    ├── DamagedBundleError a file is missing or not what was written
    └── BusyError          another build is running
"""


class KbError(Exception):
    """A user's mistake or a state of the data that the user can mend. Never a bug."""


class SettingsError(KbError):
    pass


class ArticleError(KbError):
    """path: as the user gave it; line: 1-based, 0 when the file as a whole is meant."""

    def __init__(self, path: str, line: int, message: str) -> None:
        self.path, self.line, self.message = path, line, message
        super().__init__(f"{path}:{line}: {message}" if line else f"{path}: {message}")

    def __reduce__(self) -> tuple[type["ArticleError"], tuple[str, int, str]]:
        """Goes from one process to another with all it knows."""
        return type(self), (self.path, self.line, self.message)


class NotFoundError(KbError):
    pass


class InputError(KbError):
    pass


class LockedError(InputError):
    pass


class ConflictError(KbError):
    pass


class SignInError(KbError):
    pass


class RefusedError(KbError):
    pass


class TooOftenError(KbError):
    """seconds: how long to wait."""

    def __init__(self, message: str, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(message)

    def __reduce__(self) -> tuple[type["TooOftenError"], tuple[str, int]]:
        return type(self), (str(self), self.seconds)


class StoreError(KbError):
    pass


class BackupError(KbError):
    pass


class EncoderError(KbError):
    pass


class NoEncoderError(EncoderError):
    pass


class EngineError(KbError):
    """state: of the cluster, see kb.search.opensearch.client. seconds: after which it may be asked again."""

    seconds = 5

    def __init__(self, message: str, state: str = "refused") -> None:
        self.state = state
        super().__init__(message)

    def __reduce__(self) -> tuple[type["EngineError"], tuple[str, str]]:
        return type(self), (str(self), self.state)


class RefusedSaveError(EngineError):
    pass


class BundleError(KbError):
    pass


class NoBundleError(BundleError):
    pass


class StaleBundleError(BundleError):
    pass


class DamagedBundleError(BundleError):
    pass


class OpenBundleError(BundleError):
    """Others may write it: what it holds may be anybody's."""


class BusyError(BundleError):
    pass
