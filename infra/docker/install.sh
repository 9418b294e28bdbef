#!/bin/sh
# Installs one half of an image into /layers/HALF, with fixed times, so that the same sources make the same layer.
#   install.sh packages FILE              the third-party packages of a requirements file, without what never runs
#   install.sh product FOLDER MODULE...   a distribution and what its pyproject.toml names of ours; the modules that its
#                                         processes start with are imported
set -eu
half=$1
source=$2
shift 2
python=/opt/accunode/bin/python

if [ "$half" = packages ]; then
    folder=/opt/accunode
    pip --python "$python" install -q --no-deps --require-hashes --only-binary :all: -r "$source"
    # Tests, build tools, headers and sources: nothing imports them when the product runs.
    find "$folder" -type d \( -name tests -o -path '*/sqlalchemy/testing' -o -path '*/alembic/testing' \
        -o -path '*/numpy/f2py' -o -path '*/numpy/distutils' -o -path '*/pyarrow/include' \) -prune -exec rm -rf {} +
    find "$folder" -type f \( -name '*.pyi' -o -name '*.px[di]' -o -name '*.pyx' -o -name '*.[hc]' -o -name '*.[hc]pp' \
        -o -name '*.a' \) -delete
    # Several extensions carry their debugging symbols. Libraries that were moved into a wheel are left alone.
    find "$folder" -type f -name '*.so' -not -path '*.libs/*' -exec strip --strip-unneeded {} +
else
    folder=/opt/product
    # shellcheck disable=SC2046 # One argument a folder.
    pip install -q --no-deps --no-build-isolation --no-index --target "$folder" $("$python" distributions.py "$source")
    # Every deployable may be asked whether it reaches its servers, or to prepare the database.
    set -- accunode_common.reach accunode_common.migrations.prepare "$@"
fi
# The file system is read-only there, so code is compiled now, and never compared with its source.
"$python" -m compileall -q -j 0 --invalidation-mode unchecked-hash "$folder"
for module in "$@"; do
    "$python" -B -c "import importlib, sys; importlib.import_module(sys.argv[1])" "$module"
done
# As a tree from the root, so that the folders above have fixed times in the layer as well.
layer=/layers/$half
mkdir -p "$layer$(dirname "$folder")"
cp --archive --link "$folder" "$layer$folder"
if [ "$half" = product ]; then
    install -d -o 10001 -g 10001 "$layer/var/lib/accunode"
fi
find "$layer" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
