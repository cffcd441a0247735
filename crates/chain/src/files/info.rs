//! What is known of a pair of files.

/// What is known of a file of blocks and of that of their undo data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileInfo {
    /// How many blocks are in it.
    pub blocks: u32,
    /// How many bytes of the file are used.
    pub size: u32,
    /// How many bytes of the file of undo data are used.
    pub undo_size: u32,
    /// The lowest block's height.
    pub first_height: u32,
    /// The highest block's height.
    pub last_height: u32,
    /// The earliest block's time, in seconds.
    pub first_time: u32,
    /// The latest block's time, in seconds.
    pub last_time: u32,
}

impl FileInfo {
    /// How many bytes it is written in: seven numbers, each with its lowest byte first.
    pub(crate) const LENGTH: usize = 28;

    /// Counts a block.
    pub(crate) fn add(&mut self, height: u32, time: u32) {
        if self.blocks == 0 {
            (self.first_height, self.last_height) = (height, height);
            (self.first_time, self.last_time) = (time, time);
        }
        self.blocks += 1;
        self.first_height = self.first_height.min(height);
        self.last_height = self.last_height.max(height);
        self.first_time = self.first_time.min(time);
        self.last_time = self.last_time.max(time);
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let numbers = [
            self.blocks,
            self.size,
            self.undo_size,
            self.first_height,
            self.last_height,
            self.first_time,
            self.last_time,
        ];
        let mut bytes = [0; Self::LENGTH];
        for (chunk, number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
            *chunk = number.to_le_bytes();
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; Self::LENGTH]) -> Self {
        let chunks = bytes.as_chunks().0;
        let number = |place: usize| u32::from_le_bytes(chunks[place]);
        Self {
            blocks: number(0),
            size: number(1),
            undo_size: number(2),
            first_height: number(3),
            last_height: number(4),
            first_time: number(5),
            last_time: number(6),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(crate) fn any_info() -> impl Strategy<Value = FileInfo> {
        any::<[u8; FileInfo::LENGTH]>().prop_map(|bytes| FileInfo::from_bytes(&bytes))
    }

    #[test]
    fn ranges_cover_all_blocks() {
        let mut info = FileInfo::default();
        for (height, time) in [(5, 70), (4, 90), (9, 80)] {
            info.add(height, time);
        }
        let heights = (info.first_height, info.last_height);
        assert_eq!(
            (info.blocks, heights, info.first_time, info.last_time),
            (3, (4, 9), 70, 90)
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_info_and_come_back(bytes: [u8; FileInfo::LENGTH]) {
            prop_assert_eq!(FileInfo::from_bytes(&bytes).to_bytes(), bytes);
        }
    }
}
