# git daemon with git clone
# needs: git ss
. "$begin"
git init -q --bare "$dir/river.git"
serve tcp git daemon --reuseaddr --listen=127.0.0.1 --port="$port" --export-all --base-path="$dir" "$dir"
ask sh -c 'git ls-remote "git://127.0.0.1:$1/river.git" && echo listed' - "$port"
says listed
stop
