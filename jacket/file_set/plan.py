"""What an update of a File-set will do: records, files, manifest. It decides and writes nothing."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from dicomdir.encode import encode_dicomdir
from dicomdir.file_ids import is_legal_file_id, located, shown
from dicomdir.index import Indexer
from dicomdir.instance import Instance, NotIndexed
from jacket.file_set import remarks
from jacket.file_set.directory import Decided, new_directory, updated_directory
from jacket.file_set.files import (
    DICOMDIR,
    FileID,
    FileSetFiles,
    is_the_directory,
    refuse_encrypted,
)
from jacket.file_set.found import Pair, nameable
from jacket.file_set.job import Indexed, NothingToIndex, Planned, Request
from jacket.file_set.label import CD, label_of
from jacket.file_set.profile import (
    allowed,
    facts_of,
    icons_of,
    lost_profiles,
    not_yet_compliant,
)
from jacket.file_set.same import same_object
from profiles.identity_doubts import IDENTITY_FACTS
from profiles.order import heads_of
from reporting import CannotRead

if TYPE_CHECKING:
    from dicomdir.read import DirectoryRead
    from dicomdir.record_types import AdditionalKey
    from jacket.file_set.removals import Removal


def plan_update(files: FileSetFiles, request: Request) -> Planned:
    """Decide what an update does.

    Raises:
        FilmjacketError: it cannot be done, and nothing was changed.
    """
    return _Plan(files, request).made()


class _Plan:
    """One update, as far as it is thought out."""

    def __init__(self, files: FileSetFiles, request: Request) -> None:
        """Look at every file of the medium, and choose what stays and may be named."""
        self.files, self.request = files, request
        row = request.row
        self.read = self._read()
        self.additional = self._additional_keys()
        self.indexer = Indexer(
            self.additional, (*facts_of(row, adding=bool(request.add)), *IDENTITY_FACTS)
        )
        self.is_same = partial(same_object, files)
        self.added_records: list[FileID] = []
        self.new: dict[FileID, Instance] = {}  # what comes in, by its name
        self.refused: list[NotIndexed] = []  # what does not, of the sources
        self.gone_records: tuple[FileID, ...] = ()
        self.gone_files: tuple[FileID, ...] = ()
        self.about_gone: tuple[str, ...] = ()
        scanned = files.scan(self.indexer, request.jobs, request.progress)
        self.left_out = [
            remarks.of_another(item, "a DICOMDIR below the root, which stays as it is")
            for item in scanned.not_indexed
            if not is_the_directory(item, files) and not self._is_the_manifest(item)
        ]
        staying = self._without_unwanted(scanned.instances)
        may_be_named = allowed(staying, row, self.left_out)
        self.pairs = nameable(may_be_named, files, self.is_same, self.left_out)

    def made(self) -> Planned:
        """Return what is to be written."""
        if self.request.add:
            self._add()
        decided = self._directory()
        coming = tuple((name, item) for name, item in self.new.items() if name in decided.named)
        changed = bool(decided.changed or coming or self.gone_files)
        changed = self._without_old_index(decided, changed=changed) or changed
        last: list[tuple[FileID, bytes]] = []
        content = encode_dicomdir(decided.directory) if changed else None
        if content is not None:
            last.append((DICOMDIR, content))
        digests, about_manifest = self._with_manifest(last, content, coming)
        done = self._done(decided, about_manifest)
        done = done._replace(changed=changed, added_files=tuple(name for name, _ in coming))
        label = self.request.label if decided.created and self.files.kind == CD else None
        path = self.files.path
        return Planned(path, done, coming, self.gone_files, tuple(last), digests, label)

    def _read(self) -> "DirectoryRead | None":
        """Return the directory that is there; None where there is none, or it is not wanted."""
        from dicomdir.read import LARGEST, read_directory

        try:
            content = self.files.content(DICOMDIR, LARGEST)
            refuse_encrypted(content, self.files.path)
            if self.request.anew and not any(self.request.remove):
                return None
            return None if content is None else read_directory(content)
        except CannotRead:
            if self.request.anew:  # it would only have helped to find what is to go
                return None
            raise

    def _is_the_manifest(self, item: NotIndexed) -> bool:
        from jacket.manifest_refresh import MANIFEST

        return item.kind == "foreign" and self.files.name_of(item.source) == MANIFEST

    def _additional_keys(self) -> "tuple[AdditionalKey, ...]":
        """Return the keys of the profile; without one those that the records there have."""
        if self.request.row is not None:
            return tuple(self.request.row.additional_keys)
        if self.read is None:
            return ()
        from jacket.file_set.keys_in_use import keys_in_use

        return keys_in_use(self.read.directory)

    def _without_unwanted(self, instances: list[Instance]) -> list[Instance]:
        """Return the instances that stay, and note what goes."""
        if not any(self.request.remove):
            return instances
        from jacket.file_set.broken import broken_files
        from jacket.file_set.removals import NotOnMedium, removal

        name_of = self.files.name_of
        broken = broken_files(self.left_out, self.files, self.indexer)
        try:
            gone: Removal = removal(
                self.request.remove,
                self.read,
                ((instance, name_of(instance.source)) for instance in instances),
                broken,
                [name for item in self.left_out if (name := name_of(item.source)) not in broken],
            )
        except NotOnMedium as error:  # no file has it; what belongs to no file still may
            remedy = ". ".join((error.remedy, *self.files.remnants()))
            raise NotOnMedium(error.what, error.where, remedy) from error
        self.read, self.gone_records, self.gone_files, self.about_gone = gone
        names = set(gone.files)
        self.left_out = [item for item in self.left_out if name_of(item.source) not in names]
        return [item for item in instances if name_of(item.source) not in names]

    def _add(self) -> None:
        """Choose what comes in of the sources, and under which names."""
        from dicomdir.scan import scan
        from jacket.file_set.additions import additions
        from jacket.file_set.places import FreePlaces

        request = self.request
        found = scan(request.add, self.indexer, jobs=request.jobs, progress=request.progress)
        there = [instance for instance, _ in self.pairs]
        may_come = partial(allowed, row=request.row)
        chosen = additions(
            found, lambda items, out: may_come(items, left_out=out), there, self.is_same
        )
        self.refused = [
            remarks.of_another(item, "a DICOMDIR; the File-set keeps its own")
            for item in chosen.left_out
        ]
        missed = self._missed()
        places = FreePlaces(self.files.names(), self.pairs, self.files.is_taken)
        waiting = []
        for instance in chosen.instances:
            name = missed.pop(instance.sop_instance_uid, None)
            if name is None:
                waiting.append(instance)
            else:
                self.new[name] = instance
        self.new.update(zip(places.file_ids(waiting), waiting, strict=True))

    def _missed(self) -> dict[str, FileID]:
        """Return the names under which the directory misses files, by SOP Instance UID."""
        if self.read is None or self.request.anew:
            return {}
        from dicomdir.check_reference import references

        there = {located(name) for name in self.files.names()}
        return {
            record.sop_instance_uid: record.file_id
            for record, _ in references(self.read.directory)
            if is_legal_file_id(record.file_id) and record.file_id not in there
        }

    def _directory(self) -> Decided:
        pairs = [*self.pairs, *((instance, name) for name, instance in self.new.items())]
        if self.read is None or self.request.anew:
            if not pairs and not self.gone_files:
                raise self._nothing()
            label = label_of(self.files, self.request)
            return new_directory(pairs, label, self.additional, self._with_icons)
        from jacket.file_set.keys_in_use import about_keys

        before = self.read.directory
        others = [self.files.name_of(item.source) for item in self.left_out]
        decided = updated_directory(
            self.read, pairs, others, self.additional, self._with_icons, prune=self.request.prune
        )
        removed = (*self.gone_records, *decided.removed)
        about = () if self.request.row else about_keys(before, decided.directory, decided.added)
        return decided._replace(
            removed=removed,
            changed=decided.changed or bool(removed),
            remarks=(*decided.remarks, *about),
        )

    def _without_old_index(self, decided: Decided, *, changed: bool) -> bool:
        """Take the index of a set of volumes off where it is no longer true; tell whether it is."""
        from jacket.file_set.volumes_index import GONE, outdated

        uid = decided.directory.file_set_uid
        gone = outdated(self.files, changed=changed, instances=decided.instances, uid=uid)
        if not gone:
            return False
        self.left_out = [i for i in self.left_out if self.files.name_of(i.source) not in gone]
        self.gone_files += gone
        self.about_gone += (GONE,)
        return True

    def _nothing(self) -> NothingToIndex:
        error = NothingToIndex(
            "no instance was found that a directory can name",
            str(self.files.path),
            "Look at the reasons; `jacket author` gives files legal names on a new medium"
            if self.left_out or self.refused
            else "Check the folder: it holds no file",
        )
        error.left_out = (*self.left_out, *self.refused)
        return error

    def _with_icons(self, pairs: Sequence[Pair]) -> tuple[list[Pair], tuple[str, ...]]:
        request = self.request
        icons = icons_of(request.row, request.icons, request.jobs, request.progress)
        if icons is None:
            return list(pairs), ()
        instances = [instance for instance, _ in pairs]
        with self.files.on_disk(filter(icons.wanted_for, instances)) as paths:
            instances, _, about = icons.added_to(instances, paths)
        return list(zip(instances, (name for _, name in pairs), strict=True)), about

    def _with_manifest(
        self,
        last: list[tuple[FileID, bytes]],
        directory: bytes | None,
        coming: Sequence[tuple[FileID, Instance]],
    ) -> tuple[dict[FileID, str], tuple[str, ...]]:
        """Put the new manifest before the DICOMDIR in *last*; return digests and remarks.

        Before: killed between the two the old DICOMDIR stands, and the same command mends both.
        """
        from jacket.manifest_refresh import MANIFEST, manifest_of, refreshed

        if not self.files.is_taken(MANIFEST) or (content := manifest_of(self.files)) is None:
            return {}, ()
        from jacket.file_set.additions import source_of
        from media.copying import digest_of

        digests = {name: digest_of(source_of(item, name)) for name, item in coming}
        content, about = refreshed(
            content,
            self.files,
            directory=directory,
            named=[name for _, name in self.pairs],
            added=digests,
            removed=self.gone_files,
            prune=self.request.prune,
        )
        if content is not None:
            last.insert(0, (MANIFEST, content))
        return digests, about

    def _done(self, decided: Decided, about_manifest: tuple[str, ...]) -> Indexed:
        files, name_of = self.files, self.files.name_of
        there = [(item, name_of(item.source)) for item in self.left_out]
        refused = [name for item, name in there if item.kind == "not-allowed"]
        new = {shown(name): item for name, item in self.new.items()}
        deleted = [name for name in decided.removed if not files.is_taken(name)]
        homeless = [remarks.told_of(item, new.get(item.source)) for item in decided.left_out]
        heads = heads_of(decided.directory)
        row = self.request.row
        about_profiles = () if row else lost_profiles(files.kind, self.pairs, self.new, decided)
        return Indexed(
            str(files.path / DICOMDIR[0] if files.kind == "folder" else files.path),
            files.kind,
            created=decided.created,
            changed=decided.changed,
            file_set_uid=decided.directory.file_set_uid,
            instances=decided.instances,
            added=len(decided.added),
            removed=decided.removed,
            missing=decided.missing,
            added_files=(),
            removed_files=self.gone_files,
            left_out=(*self.left_out, *self.refused, *homeless),
            remarks=(
                *remarks.about_patients(heads, decided.added),
                *decided.remarks,
                *(() if decided.created else remarks.still_named(decided.named, refused)),
                *remarks.about_departures(sum(bool(i.departures) for i, _ in self.pairs)),
                *remarks.about_names((name, files.shown_as(name)) for _, name in self.pairs),
                *self.about_gone,
                *remarks.about_removed(files.kind, len({*self.gone_files, *deleted})),
                *files.remnants(),
                *about_manifest,
                *about_profiles,
                *remarks.about_words(self.request, decided),
            ),
            flaws=files.flaws(),
            doubts=remarks.in_doubt(self.pairs, self.new, decided.added),
            not_yet=""
            if row is None
            else not_yet_compliant(row, remarks.unnamed(there, decided.named)),
            heads=heads,
        )
