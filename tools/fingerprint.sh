# fingerprint ROOT [src]: one hash of everything that asks for a new setup (with `src`: for a new build).
#
# Packages are installed as symbolic links, so an edited module needs no build and does not count; a data file
# that comes or goes does, and so does the content of what CMake, setuptools and rosidl read.
fingerprint() (
    export LC_ALL=C
    cd "$1" || exit 1
    {
        [[ ${2:-} == src ]] || cat requirements.lock pyproject.toml tools/*.py tools/*/*.py tools/*.sh
        if [[ -d src ]]; then
            find src \( -name '.*' -o -name '*~' -o -name __pycache__ -o -name '*.egg-info' \
                -o -path 'src/*/test' \) -prune -o -type f ! -regex 'src/\([^/]*\)/\1/.*\.py' -print | sort
            find src -type f \( -name package.xml -o -name setup.py -o -name setup.cfg -o -name CMakeLists.txt \
                -o -name '*.msg' -o -name '*.srv' -o -name '*.action' \) -print0 | sort -z | xargs -0 -r cat
        fi
    } | sha256sum | cut -c 1-64
)
