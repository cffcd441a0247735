//! Where packages stand: what is needed left of what needs it, and what stands alone below.

use depends::graph::Graph;

/// Size of a box, and the room between two, in pixels.
pub(super) const WIDTH: usize = 210;
pub(super) const HEIGHT: usize = 62;
const GAP_X: usize = 70;
const GAP_Y: usize = 18;
/// How many packages that stand alone share a row.
const PER_ROW: usize = 4;

/// The upper left corner of each package's box, and the size of the whole.
pub(super) struct Layout {
    pub(super) places: Vec<(usize, usize)>,
    pub(super) size: (usize, usize),
}

pub(super) fn layout(graph: &Graph) -> Layout {
    let n_nodes = graph.nodes.len();
    let mut depths = vec![0; n_nodes];
    let mut needed = vec![false; n_nodes];
    // What a package needs stands before it.
    for (index, node) in graph.nodes.iter().enumerate() {
        for dependency in node.needs() {
            depths[index] = depths[index].max(depths[dependency] + 1);
            needed[dependency] = true;
        }
    }
    let is_alone = |index: usize| !needed[index] && graph.nodes[index].needs().next().is_none();
    let n_columns = depths.iter().max().map_or(0, |deepest| deepest + 1);
    let mut rows = vec![0.0; n_nodes];
    let mut n_rows = 0;
    for column in 0..n_columns {
        let mut members: Vec<usize> = (0..n_nodes)
            .filter(|index| depths[*index] == column && !is_alone(*index))
            .collect();
        // Each at the height of what it needs, on average, so that few lines cross.
        let height = |index: usize| -> f64 {
            let needs: Vec<f64> = graph.nodes[index].needs().map(|need| rows[need]).collect();
            needs.iter().sum::<f64>() / f64::from(u32::try_from(needs.len()).unwrap_or(1).max(1))
        };
        members.sort_by(|left, right| height(*left).total_cmp(&height(*right)).then(left.cmp(right)));
        for (row, member) in members.iter().enumerate() {
            rows[*member] = f64::from(u32::try_from(row).unwrap_or(0));
        }
        n_rows = n_rows.max(members.len());
    }
    let mut places = vec![(0, 0); n_nodes];
    let mut n_alone = 0;
    for index in 0..n_nodes {
        let (column, row) = if is_alone(index) {
            n_alone += 1;
            ((n_alone - 1) % PER_ROW, n_rows + (n_alone - 1) / PER_ROW)
        } else {
            let above = (0..n_nodes).filter(|other| {
                !is_alone(*other) && depths[*other] == depths[index] && rows[*other] < rows[index]
            });
            (depths[index], above.count())
        };
        places[index] = (1 + column * (WIDTH + GAP_X), 1 + row * (HEIGHT + GAP_Y));
    }
    let right = places.iter().map(|(x, _)| x + WIDTH).max().unwrap_or(0);
    let bottom = places.iter().map(|(_, y)| y + HEIGHT).max().unwrap_or(0);
    Layout {
        places,
        size: (right + 1, bottom + 1),
    }
}
