# rsync's daemon with rsync
# needs: rsync ss
. "$begin"
mkdir "$dir/from"
head -c 300000 /dev/zero >"$dir/from/zero"
printf 'use chroot = no\n[river]\npath = %s\n' "$dir/from" >"$dir/rsyncd.conf"
serve tcp rsync --daemon --no-detach --address=127.0.0.1 --port="$port" --config="$dir/rsyncd.conf"
ask rsync -a --stats "rsync://127.0.0.1:$port/river/" "$dir/to/"
says 'Number of files'
cmp "$dir/from/zero" "$dir/to/zero"
stop
