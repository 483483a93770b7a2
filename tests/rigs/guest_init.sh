#!/busybox sh
# The first program of the guest. Its root is that of the machine around it, which it reads and
# cannot write; the programs that were unpacked for it lie above that, and above all a layer in
# memory. What it leaves in /out stays. It ends as /out/job does, whose exit code goes there too.
bb=/busybox
share="trans=virtio,version=9p2000.L,msize=512000"
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root

for folder in proc dev layers machine programs root; do $bb mkdir -p /$folder; done
$bb mount -t proc none /proc
$bb mount -t devtmpfs none /dev
while read -r module; do $bb insmod "/$module" || echo "no $module"; done < /order
$bb rm -f /*.ko

$bb mount -t 9p -o "ro,cache=loose,$share" machine /machine
$bb mount -t 9p -o "ro,cache=loose,$share" programs /programs
$bb mount -t tmpfs none /layers
$bb mkdir /layers/written /layers/work
$bb mount -t overlay -o \
    lowerdir=/programs:/machine,upperdir=/layers/written,workdir=/layers/work none /root
for folder in proc sys dev run out; do $bb mkdir -p /root/$folder; done
$bb mount -t proc none /root/proc
$bb mount -t sysfs none /root/sys
$bb mount -t devtmpfs none /root/dev
$bb mount -t tmpfs none /root/run
$bb mkdir -p /root/dev/shm
$bb mount -t tmpfs none /root/dev/shm
$bb mount -t configfs none /root/sys/kernel/config
$bb mount -t 9p -o "$share,cache=none" out /root/out
$bb ip link set lo up

exec $bb switch_root /root /bin/sh -c \
    'sh /out/job; echo $? > /out/code; sync; busybox poweroff -f'
