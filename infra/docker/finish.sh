#!/bin/sh
# finish.sh ENVIRONMENT MODULE...: turns a virtual environment into what an image carries, and imports the modules
# that its processes start with. What never runs there is removed, the rest is compiled and gets fixed times, so that
# the same sources make the same layer.
set -eu
environment=$1
shift
packages=$(echo "$environment"/lib/python3*/site-packages)

# Tests, headers and type stubs of packages: nothing imports them when the product runs.
find "$packages" -type d \( -name tests -o -path '*/sqlalchemy/testing' -o -path '*/alembic/testing' \
    -o -path '*/numpy/f2py' -o -path '*/pyarrow/include' \) -prune -exec rm -rf {} +
find "$packages" -type f \( -name '*.pyi' -o -name '*.px[di]' -o -name '*.pyx' -o -name '*.h' \) -delete
# Several extensions carry their debugging symbols. Libraries that were moved into a wheel are left alone.
find "$packages" -type f -name '*.so' -size +1M -not -path '*.libs/*' -exec strip --strip-unneeded {} +

# The file system is read-only there, so code is compiled now, and never compared with its source.
"$environment"/bin/python -m compileall -q --invalidation-mode unchecked-hash "$packages"
for module in "$@"; do
    "$environment"/bin/python -B -c "import importlib, sys; importlib.import_module(sys.argv[1])" "$module"
done
find "$environment" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
