#!/bin/sh
# Runs every oracle: tests/reference/oracles/run.sh PYTHON [NAME...]. PYTHON must have the Python
# oracles installed, R its packages; neither is needed by the tests, which read values/.
set -eu
cd "$(dirname "$0")"
REFERENCE=$(cd .. && pwd)
export REFERENCE PYTHONDONTWRITEBYTECODE=1
python=$1
shift
[ $# -gt 0 ] || set -- *_.py [!w]*.R
for script in "$@"; do
    case $script in
        *.R) Rscript "$script" ;;
        *.py) "$python" "$script" ;;
    esac
done
